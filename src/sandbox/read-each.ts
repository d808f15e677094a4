/** Read the descriptor of a pipe to its end, and close it. */
export async function readEach(fd: number, receive: (chunk: Uint8Array) => void): Promise<void> {
  const { Socket } = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on('data', receive);
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}
