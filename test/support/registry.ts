import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as the registry saw it, its body read. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What goes wrong with a request instead of, or on top of, the right answer. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string | string[]>;
      readonly body?: string | Buffer;
    }
  /** The right headers and the first `bytes` of the body, then the connection breaks. */
  | { readonly kind: 'break'; readonly bytes: number }
  /** The right headers and the first `bytes` of the body, then silence. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** The connection breaks before any answer. */
  | { readonly kind: 'reset' }
  /** The right headers but for the length, and a body without end. */
  | { readonly kind: 'endless' };

export type Auth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'token';
      readonly username?: string;
      readonly password?: string;
      readonly identityToken?: string;
      /** Given to clients in place of this server's own token service. */
      readonly realm?: string;
      /** Seconds. */
      readonly expiresIn?: number;
    };

export interface TestRegistryOptions {
  readonly auth?: Auth;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Asked for each request; undefined: all goes well. */
  readonly fault?: (request: SeenRequest, count: number) => Fault | undefined;
  readonly ignoreRanges?: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** A registry in this process, small enough to be understood and able to misbehave in every way the client must survive. */
export class TestRegistry {
  /** `127.0.0.1:PORT`. */
  host = '';
  /** In the order of arrival, those of the token service included. */
  readonly requests: SeenRequest[] = [];
  /** By `repository@digest`. */
  readonly blobs = new Map<string, Buffer>();
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests = new Map<string, StoredManifest>();
  readonly #uploads = new Map<string, Buffer>();
  readonly #tokens = new Map<string, readonly string[]>();
  readonly #options: TestRegistryOptions;
  #nextId = 1;
  close: () => Promise<void> = async () => {};

  constructor(options: TestRegistryOptions) {
    this.#options = options;
  }

  async listen(): Promise<void> {
    const handler = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const { tls } = this.#options;
    const server =
      tls === undefined
        ? createServer(handler)
        : createTlsServer({ ...tls, ...(tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }) }, handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${this.host}`;
  }

  /** @returns the digest */
  addBlob(repository: string, bytes: Buffer): string {
    const digest = sha256(bytes);
    this.blobs.set(`${repository}@${digest}`, bytes);
    return digest;
  }

  /** @param tag also a digest: then the manifest has no tag. @returns the digest */
  addManifest(repository: string, tag: string, bytes: Buffer, mediaType: string): string {
    const digest = sha256(bytes);
    if (!tag.includes(':')) this.manifests.set(`${repository}:${tag}`, { bytes, mediaType });
    this.manifests.set(`${repository}@${digest}`, { bytes, mediaType });
    return digest;
  }

  count(method: string, pattern: RegExp): number {
    return this.requests.filter((request) => request.method === method && pattern.test(request.path)).length;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = message;
    const request: SeenRequest = { method, path: url, headers, body: Buffer.concat(chunks) };
    this.requests.push(request);
    const fault = this.#options.fault?.(request, this.requests.length);
    if (fault?.kind === 'reset') return void message.socket.destroy();
    const answer = fault?.kind === 'answer' ? fault : this.#answer(request);
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : (answer.body ?? Buffer.alloc(0));
    if (fault?.kind === 'endless') return pourEndlessly(response, answer);
    response.writeHead(answer.status, { 'content-length': String(body.length), ...answer.headers });
    if (method === 'HEAD') return void response.end();
    if (fault?.kind === 'stall') return void response.write(body.subarray(0, fault.bytes));
    if (fault?.kind !== 'break') return void response.end(body);
    // Let the bytes reach the client before the connection goes.
    response.write(body.subarray(0, fault.bytes), () => setTimeout(() => message.socket.destroy(), 20));
  }

  #answer(request: SeenRequest): Answer {
    const url = new URL(request.path, this.origin);
    if (url.pathname === '/token') return this.#giveToken(request, url);
    const refused = this.#refusal(request, url);
    if (refused !== undefined) return refused;
    if (url.pathname === '/v2/') return { status: 200, body: '{}' };
    const found = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags)\/([^/]*)$/.exec(url.pathname);
    if (found === null) return problem(404, 'UNSUPPORTED', 'no such path');
    const [, repository = '', kind, name = ''] = found;
    if (kind === 'tags') return this.#listTags(repository, url);
    if (kind === 'manifests') return this.#manifest(request, repository, name);
    return kind === 'blobs' ? this.#blob(request, repository, name) : this.#upload(request, repository, name, url);
  }

  #refusal(request: SeenRequest, url: URL): Answer | undefined {
    const { auth } = this.#options;
    const authorization = request.headers.authorization;
    if (auth === undefined) return undefined;
    if (auth.kind === 'basic') {
      if (authorization === basic(auth.username, auth.password)) return undefined;
      return unauthorized('Basic realm="test registry"');
    }
    const realm = auth.realm ?? `${this.origin}/token`;
    const challenge = `Bearer realm="${realm}",service="test,registry"`;
    const scopes = this.#tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
    if (scopes === undefined) return unauthorized(challenge);
    const repository = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(url.pathname)?.[1];
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
    const allowed = scopes.some((scope) => scope.startsWith(`repository:${repository}:`) && scope.split(':').at(-1)?.includes(action));
    if (repository === undefined || allowed) return undefined;
    return unauthorized(`${challenge},scope="repository:${repository}:pull,push",error="insufficient_scope"`);
  }

  #giveToken(request: SeenRequest, url: URL): Answer {
    const { auth } = this.#options;
    if (auth?.kind !== 'token') return problem(404, 'UNSUPPORTED', 'no token service');
    const form = request.method === 'POST' ? new URLSearchParams(request.body.toString()) : url.searchParams;
    const known =
      request.method === 'POST'
        ? form.get('refresh_token') === auth.identityToken
        : auth.username === undefined || request.headers.authorization === basic(auth.username, auth.password ?? '');
    if (!known) return { status: 401, body: '{"details":"incorrect username or password"}' };
    const token = `token-${this.#nextId++}`;
    const scopes = request.method === 'POST' ? (form.get('scope') ?? '').split(' ') : form.getAll('scope');
    this.#tokens.set(token, scopes);
    return { status: 200, body: JSON.stringify({ token, expires_in: auth.expiresIn ?? 300 }) };
  }

  /** Make every token given so far worthless. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  #listTags(repository: string, url: URL): Answer {
    const all = [...this.manifests.keys()].filter((key) => key.startsWith(`${repository}:`)).map((key) => key.slice(repository.length + 1));
    if (all.length === 0) return problem(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    const last = url.searchParams.get('last');
    const rest = last === null ? all : all.slice(all.indexOf(last) + 1);
    const page = rest.slice(0, 2);
    const link = rest.length > page.length ? { link: `</v2/${repository}/tags/list?last=${page.at(-1)}&n=2>; rel="next"` } : {};
    return { status: 200, headers: link, body: JSON.stringify({ name: repository, tags: page }) };
  }

  #manifest(request: SeenRequest, repository: string, reference: string): Answer {
    const key = `${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
    if (request.method === 'PUT') {
      this.addManifest(repository, reference, request.body, String(request.headers['content-type']));
      return { status: 201, headers: { location: `/v2/${repository}/manifests/${reference}` } };
    }
    const found = this.manifests.get(key);
    if (found === undefined) return problem(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    return { status: 200, headers: { 'content-type': found.mediaType, 'docker-content-digest': sha256(found.bytes) }, body: found.bytes };
  }

  #blob(request: SeenRequest, repository: string, digest: string): Answer {
    const bytes = this.blobs.get(`${repository}@${digest}`);
    if (bytes === undefined) return problem(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const from = /^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1];
    if (from === undefined || this.#options.ignoreRanges === true) return { status: 200, body: bytes };
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    return { status: 206, headers: { 'content-range': range }, body: bytes.subarray(Number(from)) };
  }

  #upload(request: SeenRequest, repository: string, id: string, url: URL): Answer {
    if (request.method === 'POST') return this.#beginUpload(repository, url);
    const have = this.#uploads.get(id);
    if (have === undefined) return problem(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown');
    const bytes = Buffer.concat([have, request.body]);
    // The state parameter must come back, as real registries demand.
    const headers = { location: `/v2/${repository}/blobs/uploads/${id}?state=${bytes.length}` };
    if (request.method === 'DELETE') {
      this.#uploads.delete(id);
      return { status: 204 };
    }
    if (url.searchParams.get('state') !== String(have.length)) return problem(400, 'BLOB_UPLOAD_INVALID', 'state is missing');
    this.#uploads.set(id, bytes);
    if (request.method === 'PATCH') return { status: 202, headers };
    const digest = url.searchParams.get('digest');
    if (digest !== sha256(bytes)) return problem(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    this.addBlob(repository, bytes);
    this.#uploads.delete(id);
    return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}` } };
  }

  #beginUpload(repository: string, url: URL): Answer {
    const { searchParams } = url;
    const mounted = this.blobs.get(`${searchParams.get('from')}@${searchParams.get('mount')}`);
    if (mounted !== undefined) {
      this.addBlob(repository, mounted);
      return { status: 201 };
    }
    const id = String(this.#nextId++);
    this.#uploads.set(id, Buffer.alloc(0));
    return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${id}?state=0` } };
  }

  /** Uploads begun and neither finished nor cancelled. */
  get openUploads(): number {
    return this.#uploads.size;
  }
}

/** Run `body` with a registry, and end it afterwards. */
export async function withRegistry<T>(options: TestRegistryOptions, body: (registry: TestRegistry) => Promise<T>): Promise<T> {
  const registry = new TestRegistry(options);
  await registry.listen();
  try {
    return await body(registry);
  } finally {
    await registry.close();
  }
}

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function unauthorized(challenge: string): Answer {
  return { ...problem(401, 'UNAUTHORIZED', 'authentication required'), headers: { 'www-authenticate': challenge } };
}

function problem(status: number, code: string, message: string): Answer {
  return { status, body: JSON.stringify({ errors: [{ code, message }] }) };
}

function pourEndlessly(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers ?? {});
  const piece = Buffer.alloc(64 * 1024, ' ');
  const pour = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', pour);
  pour();
}
