import { type Access, Authorizer } from './authorizer.js';
import { type Challenge, parseChallenges } from './challenge.js';
import type { CredentialLookup } from './credentials.js';
import { formatStatus, parseDiagnostics, printable } from './diagnostics.js';
import { type Answer, sendFollowing } from './follow-redirects.js';
import type { HttpClient, HttpRequest } from './http-client.js';
import { orAborted } from './or-aborted.js';
import { discardBody, headerOf, readErrorText } from './read-body.js';
import { RegistryError } from './registry-error.js';
import { parseRetryAfter, type RetryPolicy, withRetry } from './retry.js';

export interface SessionOptions {
  readonly http: HttpClient;
  /** As the user wrote it: `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** Go on with plain http when https does not work. */
  readonly allowHttp: boolean;
  readonly credentials: CredentialLookup;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
  /** Texts of `Warning` headers, each once. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** One request of the distribution protocol. */
export interface Call {
  /** For error messages: `read localhost:5000/app:1`. */
  readonly action: string;
  readonly method: HttpRequest['method'];
  /** Below the registry's base (`/v2/app/tags/list`), or a URL the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: HttpRequest['body'];
  readonly access: Access;
  /** Answers that are not errors. */
  readonly expect: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** What a 404 means here. */
  readonly notFound?: { readonly problem: string; readonly hint?: string } | undefined;
}

interface Endpoint {
  readonly base: URL;
  readonly challenges: readonly Challenge[];
}

/** Docker Hub's registry answers at another name than the one in image names. */
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/** A conversation with one registry: where it is, how it wants to be asked, and what it answered, errors in words. */
export class Session {
  readonly options: SessionOptions;
  #endpoint: Promise<Endpoint> | undefined;
  #authorizer: Authorizer | undefined;
  /** Challenges of requests that were refused although the ping was not. */
  #learned: readonly Challenge[] | undefined;
  readonly #warned = new Set<string>();

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /**
   * Send `call` and return its answer if its status is expected; a refused token is renewed once.
   * @throws {RegistryError} no answer, or another status
   */
  async send(call: Call): Promise<Answer> {
    const { base, challenges } = await orAborted(this.#connect(call), call.signal);
    const first = await this.#attempt(call, base, this.#learned ?? challenges);
    if (first.response.statusCode !== 401 || first.url.origin !== base.origin) return this.#expected(call, first);
    const asked = challengesOf(first);
    if (asked.some(isAnswerable)) this.#learned = asked;
    await this.#authorize(base).forget(call.access, first.header);
    // A body that was streamed is gone: whoever sent it starts again.
    if (isStream(call.body)) return this.#expected(call, first, true);
    await discardBody(first.response);
    return this.#expected(call, await this.#attempt({ ...call, access: widened(call.access, asked) }, base, this.#learned ?? challenges));
  }

  retrying<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return withRetry(this.options.retry, signal, attempt);
  }

  async #attempt(call: Call, base: URL, challenges: readonly Challenge[]): Promise<Answer & { readonly header: string | undefined }> {
    const url = new URL(call.target, base);
    const wanted = url.origin === base.origin ? this.#authorize(base).header(challenges, call.access) : undefined;
    const header = wanted && (await orAborted(wanted, call.signal));
    const headers = { 'user-agent': this.options.userAgent, ...call.headers };
    const request = { method: call.method, url, headers, body: call.body, signal: call.signal };
    return { ...(await sendFollowing(this.options.http, request, { origin: base.origin, header }, call.action)), header };
  }

  #authorize(base: URL): Authorizer {
    this.#authorizer ??= new Authorizer({ ...this.options, registry: base });
    return this.#authorizer;
  }

  #connect(call: Call): Promise<Endpoint> {
    this.#endpoint ??= this.#ping(call.action).catch((error: unknown) => {
      this.#endpoint = undefined;
      throw error;
    });
    return this.#endpoint;
  }

  /** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support */
  async #ping(action: string): Promise<Endpoint> {
    const { host, allowHttp } = this.options;
    const authority = host === 'docker.io' ? DOCKER_HUB_HOST : host;
    const secure = new URL(`https://${authority}`);
    if (!allowHttp) return this.retrying(undefined, () => this.#pingAt(secure, action));
    try {
      return await this.#pingAt(secure, action);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== undefined) throw error;
      return this.retrying(undefined, () => this.#pingAt(new URL(`http://${authority}`), action));
    }
  }

  async #pingAt(base: URL, action: string): Promise<Endpoint> {
    const request = { method: 'GET' as const, url: new URL('/v2/', base), headers: { 'user-agent': this.options.userAgent } };
    const answer = await sendFollowing(this.options.http, request, { origin: base.origin, header: undefined }, action);
    const { statusCode } = answer.response;
    if (statusCode !== 200 && statusCode !== 401) throw await this.#failure(pingCall(action), answer);
    await discardBody(answer.response);
    return { base, challenges: statusCode === 401 ? challengesOf(answer) : [] };
  }

  async #expected(call: Call, answer: Answer, renewable = false): Promise<Answer> {
    this.#reportWarnings(answer);
    if (call.expect.includes(answer.response.statusCode)) return answer;
    throw await this.#failure(call, answer, renewable);
  }

  async #failure(call: Call, { response, url }: Answer, renewable = false): Promise<RegistryError> {
    const status = response.statusCode;
    const diagnostics = parseDiagnostics(await readErrorText(response));
    const { problem, hint } = await this.#explain(call, url, status, formatStatus(status, diagnostics));
    return new RegistryError(call.action, problem, {
      host: url.host,
      status,
      diagnostics,
      hint,
      retryable: renewable || status === 408 || status === 429 || (status >= 502 && status <= 504),
      retryAfterMs: parseRetryAfter(headerOf(response, 'retry-after'), Date.now()),
    });
  }

  async #explain(call: Call, url: URL, status: number, said: string): Promise<{ problem: string; hint?: string }> {
    if (status === 401) return this.#explainRefusal(call, said);
    if (status === 403) {
      return { problem: `${url.host} denies it (${said})`, hint: 'Check that the repository exists and that this user may do this there' };
    }
    if (status === 404 && call.notFound !== undefined) return { ...call.notFound, problem: `${call.notFound.problem} (${said})` };
    if (status === 429)
      return { problem: `${url.host} is asked too often (${said})`, hint: 'Try again later, or log in for a higher limit' };
    return { problem: `${url.host} answered ${said}` };
  }

  async #explainRefusal(call: Call, said: string): Promise<{ problem: string; hint?: string }> {
    const { host, credentials } = this.options;
    const known = await credentials(call.access.repository);
    if (known === undefined) {
      return {
        problem: `${host} wants to know who asks, and there are no credentials for it (${said})`,
        hint: `Give --creds USERNAME:PASSWORD, or keep them in a credentials file (auth.json), as "buildah login ${host}" writes it`,
      };
    }
    const who = known.kind === 'password' ? `user "${known.username}"` : 'the stored token';
    return {
      problem: `${host} does not accept the credentials of ${who} (${said})`,
      hint: 'Check user name and password (--creds, or auth.json)',
    };
  }

  /** Registries announce limits and withdrawals in `Warning: 299 - "text"`. */
  #reportWarnings({ response }: Answer): void {
    const header = response.headers.warning;
    for (const value of header === undefined ? [] : [header].flat()) {
      const text = printable(/^299 - "((?:[^"\\]|\\.)*)"/.exec(value)?.[1]?.replace(/\\(.)/g, '$1'));
      if (text === '' || this.#warned.has(text)) continue;
      this.#warned.add(text);
      this.options.onWarning?.(`${this.options.host}: ${text}`);
    }
  }
}

function pingCall(action: string): Call {
  const notFound = {
    problem: 'there is a web server at this address, but no image registry',
    hint: 'Check the host name and port of the image name',
  };
  return { action, method: 'GET', target: '/v2/', access: { repository: '', scopes: [] }, expect: [200, 401], notFound };
}

function challengesOf({ response }: Answer): readonly Challenge[] {
  const header = response.headers['www-authenticate'];
  return parseChallenges(header === undefined ? [] : [header].flat());
}

/** `access` with the scope the registry says is missing (`error="insufficient_scope"`). */
function widened(access: Access, challenges: readonly Challenge[]): Access {
  const scope = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters.get('scope');
  return scope === undefined || access.scopes.includes(scope) ? access : { ...access, scopes: [...access.scopes, scope] };
}

function isAnswerable({ scheme, parameters }: Challenge): boolean {
  return scheme === 'basic' || (scheme === 'bearer' && parameters.has('realm'));
}

function isStream(body: HttpRequest['body']): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}
