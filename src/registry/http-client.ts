import type { Readable } from 'node:stream';
import type { Agent, Dispatcher, ProxyAgent } from 'undici';
import { connectionError } from './connection-error.js';
import { type ProxyOptions, proxyFor } from './proxy-for.js';
import { receiveMemory } from './receive-memory.js';
import { readTrustedAuthorities } from './trusted-authorities.js';

/** Certificate and private key (PEM) shown to a registry that asks for one. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TlsOptions {
  /** False: certificates are not checked. `always`: and no flag of a command can change it. */
  readonly verify: boolean | 'always';
  /** PEM texts of authorities trusted besides Node's own list and the system's. */
  readonly ca: readonly string[];
  readonly client?: { readonly certificate: ClientCertificate; readonly origin: string } | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The body must be read to its end, dumped or destroyed, else its connection is lost to others. */
export type HttpResponse = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

const CONNECT_TIMEOUT_MS = 15_000;
/** From the end of a request to its answer: a registry may copy a large blob in its back end before it answers the last PUT. */
const HEADERS_TIMEOUT_MS = 300_000;
/** Between two pieces of a body. */
const BODY_TIMEOUT_MS = 60_000;
/**
 * How much of a body waits for its reader. With the 64 KiB that are usual, a reader slower than the server halts undici at every piece of a
 * chunked body, and at each halt it copies all that the socket has brought: 200 MB took 36 s of CPU and 700 MB of memory instead of 1 s and 160 MB.
 */
const BODY_BUFFER_BYTES = 2 ** 20;

/**
 * One request, one answer, over TLS as configured: the only place that opens connections. Knows nothing of redirects, credentials or
 * repetition.
 */
export class HttpClient {
  readonly #tls: TlsOptions;
  readonly #proxies: ProxyOptions;
  #agents: Promise<Agents> | undefined;

  constructor(tls: TlsOptions, proxies: ProxyOptions = { http: undefined, https: undefined, except: undefined }) {
    this.#tls = tls;
    this.#proxies = proxies;
  }

  /**
   * @param action for error messages: `read localhost:5000/app:1`
   * @throws {RegistryError} no answer; the abort reason of `request.signal` when it was aborted
   */
  async send(request: HttpRequest, action: string): Promise<HttpResponse> {
    this.#agents ??= openAgents(this.#tls);
    const { method, url, headers, body, signal } = request;
    const path = `${url.pathname}${url.search}`;
    try {
      const { direct, through } = await this.#agents;
      const proxy = proxyFor(url, this.#proxies);
      const dispatcher = proxy === undefined ? direct : through(proxy, url.origin);
      // undici takes any async iterable for a body; its types only know streams.
      const content = (body ?? null) as Readable | Uint8Array | null;
      return await dispatcher.request({
        origin: url.origin,
        path,
        method,
        headers,
        body: content,
        signal: signal ?? null,
        highWaterMark: BODY_BUFFER_BYTES,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(action, url.host, cause, this.#tls.verify !== 'always');
    }
  }

  async close(): Promise<void> {
    await (await this.#agents)?.close();
  }
}

interface Agents {
  readonly direct: Agent;
  /** Through a proxy: https in a tunnel, plain http as the proxy's own request. */
  readonly through: (proxy: URL, origin: string) => ProxyAgent;
  readonly close: () => Promise<void>;
}

async function openAgents(tls: TlsOptions): Promise<Agents> {
  // Importing undici takes longer than most commands that never speak to a registry.
  const { Agent, Pool, ProxyAgent } = await import('undici');
  const { createSecureContext } = await import('node:tls');
  const ca = tls.verify ? await readTrustedAuthorities(tls.ca) : [];
  // Reading a hundred certificates takes 20 ms: once, not for each of the connections that fetch layers.
  const contextOf = once((client: ClientCertificate | undefined) =>
    createSecureContext({ ...client, ...(tls.verify ? { ca: [...ca] } : {}) }),
  );
  // A token server or a redirect's target must not learn who this client is.
  const certificateFor = (origin: string): ClientCertificate | undefined =>
    tls.client !== undefined && origin === tls.client.origin ? tls.client.certificate : undefined;
  const secure = (client: ClientCertificate | undefined) => ({
    timeout: CONNECT_TIMEOUT_MS,
    rejectUnauthorized: tls.verify !== false,
    secureContext: contextOf(client),
  });
  const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: BODY_TIMEOUT_MS };
  const direct = new Agent({
    ...timeouts,
    factory: (origin, options) => {
      const isSecure = String(origin).startsWith('https:');
      const connect = isSecure ? secure(certificateFor(String(origin))) : { timeout: CONNECT_TIMEOUT_MS };
      return new Pool(origin, { ...options, connect: { ...connect, onread: receiveMemory } });
    },
  });
  // A proxy that hangs up on CONNECT is a "socket error" to undici, upon which it connects again, and again, for ever (its client.js, onError).
  const proxyClient = (origin: URL, options: object) => {
    const pool = new Pool(origin, options);
    const connect = pool.connect.bind(pool) as (params: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
    const told = (params: Dispatcher.ConnectOptions) =>
      connect(params).catch((cause: unknown) => {
        if ((cause as { code?: unknown }).code !== 'UND_ERR_SOCKET') throw cause;
        throw Object.assign(new Error(`the proxy ${origin.host} hung up`, { cause }), { code: 'ECONNRESET' });
      });
    return Object.assign(pool, { connect: told });
  };
  const proxied = new Map<string, ProxyAgent>();
  return {
    direct,
    through(proxy, origin) {
      const certificate = certificateFor(origin);
      const key = `${proxy.href} ${certificate === undefined ? '' : origin}`;
      const agent =
        proxied.get(key) ??
        new ProxyAgent({
          ...timeouts,
          uri: proxy.href,
          proxyTunnel: false,
          clientFactory: proxyClient,
          requestTls: secure(certificate),
          proxyTls: secure(undefined),
        });
      proxied.set(key, agent);
      return agent;
    },
    async close() {
      await Promise.all([direct, ...proxied.values()].map((agent) => agent.destroy()));
    },
  };
}

/** `make`, called at most once for each argument. */
function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}
