import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A proxy of the kind companies have: it answers CONNECT and whole URLs, and knows one host. */
export class HttpProxy {
  /** `127.0.0.1:PORT`. */
  address = '';
  /** `CONNECT name:port` and `GET http://name:port/path`, in the order of arrival, each with who asked. */
  readonly seen: { readonly line: string; readonly authorization: string | undefined }[] = [];

  /** @param hosts where names lead to that nobody else can resolve: `name:port` → `127.0.0.1:PORT` */
  constructor(readonly hosts: Readonly<Record<string, string>>) {}

  note(message: IncomingMessage): void {
    this.seen.push({ line: `${message.method} ${message.url}`, authorization: message.headers['proxy-authorization'] });
  }

  forward(message: IncomingMessage, response: ServerResponse): void {
    this.note(message);
    const url = new URL(message.url ?? '');
    const [host, port] = (this.hosts[url.host] ?? '').split(':');
    const { method, headers } = message;
    const onward = request({ host, port, method, path: `${url.pathname}${url.search}`, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    message.pipe(onward);
  }

  tunnel(message: IncomingMessage, client: Duplex, head: Buffer): void {
    this.note(message);
    const target = this.hosts[message.url ?? ''];
    if (target === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [host, port] = target.split(':');
    const server = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.write(head);
      server.pipe(client).pipe(server);
    });
    for (const [side, other] of [
      [server, client],
      [client, server],
    ] as const)
      side.on('error', () => other.destroy()).on('close', () => other.destroy());
  }
}

/** Runs `body` with a proxy; every connection through it has ended when this resolves. */
export async function withHttpProxy<T>(hosts: Readonly<Record<string, string>>, body: (proxy: HttpProxy) => Promise<T>): Promise<T> {
  const proxy = new HttpProxy(hosts);
  const server = createServer((message, response) => proxy.forward(message, response));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  server.on('connect', (message: IncomingMessage, client: Duplex, head: Buffer) => proxy.tunnel(message, client, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await body(proxy);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
