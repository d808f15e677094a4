import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { connectionError } from './connection-error.js';
import { readTrustedAuthorities } from './trusted-authorities.js';

/** Certificate and private key (PEM) shown to a registry that asks for one. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TlsOptions {
  /** False: certificates are not checked. */
  readonly verify: boolean;
  /** PEM texts of authorities trusted besides Node's own list and the system's. */
  readonly ca: readonly string[];
  readonly client?: { readonly certificate: ClientCertificate; readonly origin: string } | undefined;
}

/** Proxies by the scheme of what is asked for. */
export interface ProxyOptions {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  /** Hosts that are reached directly, separated by commas. */
  readonly except?: string | undefined;
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
 * One request, one answer, over TLS as configured: the only place that opens connections. Knows nothing of redirects, credentials or
 * repetition.
 */
export class HttpClient {
  readonly #tls: TlsOptions;
  readonly #proxies: ProxyOptions | undefined;
  /** By proxy; the empty text is none. */
  readonly #agents = new Map<string, Promise<Dispatcher>>();

  constructor(tls: TlsOptions, proxies?: ProxyOptions) {
    this.#tls = tls;
    this.#proxies = proxies;
  }

  /**
   * @param action for error messages: `read localhost:5000/app:1`
   * @throws {RegistryError} no answer; the abort reason of `request.signal` when it was aborted
   */
  async send(request: HttpRequest, action: string): Promise<HttpResponse> {
    const { method, url, headers, body, signal } = request;
    const path = `${url.pathname}${url.search}`;
    try {
      const dispatcher = await this.#agentFor(url);
      // undici takes any async iterable for a body; its types only know streams.
      const content = (body ?? null) as Readable | Uint8Array | null;
      return await dispatcher.request({ origin: url.origin, path, method, headers, body: content, signal: signal ?? null });
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(action, url.host, cause);
    }
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await (await agent).destroy();
  }

  #agentFor(url: URL): Promise<Dispatcher> {
    const proxy = (url.protocol === 'https:' ? this.#proxies?.https : this.#proxies?.http) ?? '';
    const agent =
      this.#agents.get(proxy) ?? (proxy === '' ? openAgent(this.#tls) : openProxyAgent(this.#tls, proxy, this.#proxies?.except));
    this.#agents.set(proxy, agent);
    return agent;
  }
}

async function openAgent(tls: TlsOptions): Promise<Dispatcher> {
  // Importing undici takes longer than most commands that never speak to a registry.
  const { Agent, Pool } = await import('undici');
  const { createSecureContext } = await import('node:tls');
  const ca = tls.verify ? await readTrustedAuthorities(tls.ca) : [];
  // Reading a hundred certificates takes 20 ms: once, not for each of the connections that fetch layers.
  const contextOf = once((client: ClientCertificate | undefined) =>
    createSecureContext({ ...client, ...(tls.verify ? { ca: [...ca] } : {}) }),
  );
  return new Agent({
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    factory: (origin, options) => {
      if (!String(origin).startsWith('https:')) return new Pool(origin, { ...options, connect: { timeout: CONNECT_TIMEOUT_MS } });
      const { client } = tls;
      // A token server or a redirect's target must not learn who this client is.
      const certificate = client !== undefined && String(origin) === client.origin ? client.certificate : undefined;
      const connect = { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: tls.verify, secureContext: contextOf(certificate) };
      return new Pool(origin, { ...options, connect });
    },
  });
}

async function openProxyAgent(tls: TlsOptions, proxy: string, except = ''): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici');
  const ca = tls.verify ? [...(await readTrustedAuthorities(tls.ca))] : undefined;
  const connect = { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: tls.verify, ...(ca === undefined ? {} : { ca }) };
  return new EnvHttpProxyAgent({
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    httpProxy: asUrl(proxy),
    httpsProxy: asUrl(proxy),
    // Nothing is left out here: what is would be looked for in the environment.
    noProxy: except,
    connect,
    requestTls: connect,
    proxyTls: connect,
    // Plain HTTP through a proxy is asked of it by the whole URL: many proxies make tunnels to port 443 alone.
    proxyTunnel: false,
  });
}

/** `proxy:3128` means http, as with curl. */
function asUrl(proxy: string): string {
  return proxy.includes('://') ? proxy : `http://${proxy}`;
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
