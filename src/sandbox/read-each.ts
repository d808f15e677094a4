import { Socket } from 'node:net';

/** Read the descriptor of a pipe to its end, and close it. */
export function readEach(fd: number, receive: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on('data', receive);
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}
