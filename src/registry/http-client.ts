import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
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
  #agent: Promise<Agent> | undefined;

  constructor(tls: TlsOptions) {
    this.#tls = tls;
  }

  /**
   * @param action for error messages: `read localhost:5000/app:1`
   * @throws {RegistryError} no answer; the abort reason of `request.signal` when it was aborted
   */
  async send(request: HttpRequest, action: string): Promise<HttpResponse> {
    this.#agent ??= openAgent(this.#tls);
    const { method, url, headers, body, signal } = request;
    const path = `${url.pathname}${url.search}`;
    try {
      const dispatcher = await this.#agent;
      // undici takes any async iterable for a body; its types only know streams.
      const content = (body ?? null) as Readable | Uint8Array | null;
      return await dispatcher.request({ origin: url.origin, path, method, headers, body: content, signal: signal ?? null });
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(action, url.host, cause);
    }
  }

  async close(): Promise<void> {
    await (await this.#agent)?.destroy();
  }
}

async function openAgent(tls: TlsOptions): Promise<Agent> {
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

/** `make`, called at most once for each argument. */
function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}
