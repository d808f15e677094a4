import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { digestOf, MANIFEST_TYPE, type MadeImage } from '../hostile-image.js';
import type { SeenRequest } from '../registry.js';
import type { KeyPair } from './certificates.js';

/** What a site does with a request. It may leave it without an answer: the end of the site ends every connection. */
export type Behaviour = (request: SeenRequest, response: ServerResponse) => void;

export interface SiteOptions {
  /** By default 127.0.0.1; everything below 127.0.0.0/8 is this machine's. */
  readonly address?: string;
  readonly tls?: KeyPair;
}

/**
 * A web server that does to each path what a test says, and remembers who asked for what. To a registry's clients it is one that wants no
 * password (`/v2/` answers 200); what nobody has said anything of is not there.
 */
export class HostileSite {
  /** `ADDRESS:PORT`. */
  host = '';
  readonly requests: SeenRequest[] = [];
  /** Bytes of all answers that the kernel took. */
  writtenBytes = 0;
  readonly #behaviours = new Map<string, Behaviour>([['/v2/', answers(200, '{}')]]);
  readonly #options: SiteOptions;
  close: () => Promise<void> = async () => {};

  constructor(options: SiteOptions) {
    this.#options = options;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.host}`;
  }

  async listen(): Promise<void> {
    const handler = (message: IncomingMessage, response: ServerResponse) => {
      this.#serve(message, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const { tls, address = '127.0.0.1' } = this.#options;
    const server = tls === undefined ? createServer(handler) : createTlsServer({ ...tls }, handler);
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    // What its clients break off is no fault of the server.
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    this.host = `${address}:${(server.address() as AddressInfo).port}`;
    this.close = async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
  }

  /** `path` is without its query. */
  on(path: string, behaviour: Behaviour): this {
    this.#behaviours.set(path, behaviour);
    return this;
  }

  /** Its manifest as the tag `latest`, and its blobs. @returns the image's name */
  addImage(repository: string, { manifest, blobs }: MadeImage, type = MANIFEST_TYPE): string {
    for (const blob of blobs) this.on(`/v2/${repository}/blobs/${digestOf(blob)}`, answers(200, blob));
    for (const reference of ['latest', digestOf(manifest)])
      this.on(`/v2/${repository}/manifests/${reference}`, answers(200, manifest, { 'content-type': type }));
    return `${this.host}/${repository}`;
  }

  /** The requests below a path, `METHOD path` each, with what `headers` they carried of those named. */
  seen(under: string, ...headers: readonly string[]): readonly string[] {
    return this.requests
      .filter(({ path }) => path.startsWith(under))
      .map((request) =>
        [request.method, request.path, ...headers.map((name) => `${name}: ${String(request.headers[name] ?? 'none')}`)].join(' '),
      );
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers, socket } = message;
    const before = socket.bytesWritten;
    response.on('close', () => {
      this.writtenBytes += socket.bytesWritten - before;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const request: SeenRequest = { method, path: url, headers, body: Buffer.concat(chunks) };
    this.requests.push(request);
    const behaviour = this.#behaviours.get(new URL(url, this.origin).pathname) ?? answers(404, '{}');
    behaviour(request, response);
  }
}

/** Runs `body` with a site, and ends it and all its connections. */
export function withSite<T>(options: SiteOptions, body: (site: HostileSite) => Promise<T>): Promise<T> {
  return withSites([options], (site) => body(site!));
}

/** As {@link withSite}, with a site for each of `options`. */
export async function withSites<T>(options: readonly SiteOptions[], body: (...sites: HostileSite[]) => Promise<T>): Promise<T> {
  const sites = options.map((one) => new HostileSite(one));
  try {
    for (const site of sites) await site.listen();
    return await body(...sites);
  } finally {
    for (const site of sites) await site.close();
  }
}

/** Any answer; a `content-length` among the headers may be a lie, then the connection ends after the body. */
export function answers(status: number, body: string | Buffer = '', headers: Readonly<Record<string, string>> = {}): Behaviour {
  return ({ method }, response) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    response.writeHead(status, { ...length, ...headers });
    if (method === 'HEAD') return void response.end();
    if (headers['content-length'] === undefined) return void response.end(body);
    // Let the bytes reach the client before the connection goes.
    response.write(body, () => setTimeout(() => response.destroy(), 20));
  };
}

export function redirects(location: string, status = 307): Behaviour {
  return answers(status, '', { location });
}

/** A body that never ends: `first`, and then `piece` again and again, as fast as it is taken. */
export function pours(status: number, { first = '', piece = Buffer.alloc(64 * 1024, ' '), headers = {} }: Pouring = {}): Behaviour {
  return (_, response) => {
    response.writeHead(status, headers);
    response.write(first);
    const pour = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', pour);
    pour();
  };
}

export interface Pouring {
  readonly first?: string;
  readonly piece?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}
