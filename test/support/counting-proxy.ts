import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry's address that writes down what it is asked, and can die. */
export class CountingProxy {
  /** `127.0.0.1:PORT`. */
  host = '';
  /** `GET /v2/app/manifests/1`, in the order of arrival. */
  readonly seen: string[] = [];
  /**
   * What goes wrong with a request: its connection breaks at once or in the middle of the answer, a byte of the answer is another one, or it is
   * answered with a status alone.
   */
  fault: (line: string) => 'break' | 'truncate' | 'corrupt' | number | undefined = () => undefined;
  /** Whether the registry is not told which range a client wants. */
  ignoresRanges = false;
  close: () => Promise<void> = async () => {};

  constructor(readonly target: string) {}

  /** Requests of one method whose path matches, since the last {@link clear}. */
  count(method: string, path: RegExp): number {
    return this.seen.filter((line) => line.startsWith(`${method} `) && path.test(line.slice(method.length + 1))).length;
  }

  clear(): void {
    this.seen.length = 0;
  }

  async listen(): Promise<void> {
    const server = createServer((message, response) => this.#pass(message, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  }

  #pass(message: IncomingMessage, response: ServerResponse): void {
    const line = `${message.method} ${message.url}`;
    this.seen.push(line);
    const fault = this.fault(line);
    if (fault === 'break') {
      message.socket.destroy();
      return;
    }
    if (typeof fault === 'number') {
      response.writeHead(fault).end();
      return;
    }
    const [address, port] = this.target.split(':');
    // The registry names itself in locations by the Host header, so that clients stay with this address.
    const { method, url: path } = message;
    const { range, ...others } = message.headers;
    const headers = this.ignoresRanges || range === undefined ? others : { ...others, range };
    const onward = request({ host: address, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (fault === undefined) answer.pipe(response);
      else void spoil(answer, response, fault);
    });
    onward.on('error', () => response.destroy());
    message.pipe(onward);
  }
}

async function spoil(answer: IncomingMessage, response: ServerResponse, fault: 'truncate' | 'corrupt'): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const middle = bytes.length >> 1;
  if (fault === 'corrupt') {
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
    response.end(bytes);
  } else {
    response.write(bytes.subarray(0, middle), () => response.destroy());
  }
}

/** Runs `body` with a proxy in front of the registry at `target`. */
export async function withCountingProxy<T>(target: string, body: (proxy: CountingProxy) => Promise<T>): Promise<T> {
  const proxy = new CountingProxy(target);
  await proxy.listen();
  try {
    return await body(proxy);
  } finally {
    await proxy.close();
  }
}
