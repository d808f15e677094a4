import type { Challenge } from './challenge.js';
import { basicHeader, type CredentialLookup } from './credentials.js';
import type { HttpClient } from './http-client.js';
import { checkRealm } from './realm.js';
import { type RetryPolicy, withRetry } from './retry.js';
import { fetchToken, type Token } from './token.js';

/** What a request needs to be allowed to do. */
export interface Access {
  /** Whose credentials are used. */
  readonly repository: string;
  /** Token scopes: `repository:library/debian:pull`. */
  readonly scopes: readonly string[];
}

export interface AuthorizerOptions {
  readonly http: HttpClient;
  readonly registry: URL;
  readonly credentials: CredentialLookup;
  readonly userAgent: string;
  readonly retry: RetryPolicy;
}

/** A token this close to its end may be refused by the time it arrives. */
const EXPIRY_MARGIN_MS = 5_000;

/** Turns a registry's challenges into `Authorization` headers for it, and keeps the tokens it was given. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  /** By scopes. Promises, so that six blobs that start together make one token request. */
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * The header to send, or undefined when there is nothing to say: no known challenge, or no credentials for it.
   * @throws {RegistryError} the token server refused or cannot be trusted
   */
  async header(challenges: readonly Challenge[], access: Access): Promise<string | undefined> {
    const challenge = challenges.find(({ scheme }) => scheme === 'basic' || scheme === 'bearer');
    if (challenge === undefined) return undefined;
    if (challenge.scheme === 'bearer') return `Bearer ${await this.#token(challenge, access)}`;
    const credentials = await this.#options.credentials(access.repository);
    return credentials?.kind === 'password' ? basicHeader(credentials.username, credentials.password) : undefined;
  }

  /** Drop the token for `access` if it is the one in `header`: the registry did not like it. A newer one stays. */
  async forget(access: Access, header: string | undefined): Promise<void> {
    const key = keyOf(access);
    const cached = this.#tokens.get(key);
    if (cached !== undefined && `Bearer ${(await cached).text}` === header) this.#drop(key, cached);
  }

  async #token(challenge: Challenge, access: Access): Promise<string> {
    const key = keyOf(access);
    const cached = this.#tokens.get(key);
    if (cached !== undefined) {
      const token = await cached;
      if (token.expiresAtMs - EXPIRY_MARGIN_MS > Date.now()) return token.text;
      this.#drop(key, cached);
    }
    // Looked up again: while the old token was awaited, somebody else may have asked for a new one.
    const shared = this.#tokens.get(key) ?? this.#remember(key, this.#request(challenge, access));
    return (await shared).text;
  }

  #remember(key: string, token: Promise<Token>): Promise<Token> {
    this.#tokens.set(key, token);
    token.catch(() => this.#drop(key, token));
    return token;
  }

  #drop(key: string, token: Promise<Token>): void {
    if (this.#tokens.get(key) === token) this.#tokens.delete(key);
  }

  // Without the caller's signal: the token is shared, and the one who gives up must not take it from the others.
  async #request(challenge: Challenge, access: Access): Promise<Token> {
    const { http, registry, credentials, userAgent, retry } = this.#options;
    const realm = checkRealm(challenge.parameters.get('realm') ?? '', registry);
    const service = challenge.parameters.get('service');
    const found = await credentials(access.repository);
    return withRetry(retry, undefined, () =>
      fetchToken(http, { realm, registry, service, scopes: access.scopes, credentials: found, userAgent }),
    );
  }
}

function keyOf(access: Access): string {
  return access.scopes.join(' ');
}
