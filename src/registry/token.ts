import * as v from 'valibot';
import { basicHeader, type RegistryCredentials } from './credentials.js';
import { formatStatus, parseDiagnostics } from './diagnostics.js';
import { sendFollowing } from './follow-redirects.js';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.js';
import { headerOf, MAX_TOKEN_BYTES, readBody, readErrorText } from './read-body.js';
import { mayCarryPassword } from './realm.js';
import { RegistryError } from './registry-error.js';
import { parseRetryAfter } from './retry.js';

export interface Token {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

export interface TokenRequest {
  /** As {@link checkRealm} returned it. */
  readonly realm: URL;
  readonly registry: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: RegistryCredentials | undefined;
  readonly userAgent: string;
  readonly signal?: AbortSignal | undefined;
}

const CLIENT_ID = 'tsbuild';
/** What a token lasts when its server does not say, and the least it is taken to last: distribution's clients do the same. */
const MIN_LIFETIME_SECONDS = 60;

const tokenAnswer = v.object({
  token: v.optional(v.pipe(v.string(), v.regex(/^[\x21-\x7e]*$/))),
  access_token: v.optional(v.pipe(v.string(), v.regex(/^[\x21-\x7e]*$/))),
  expires_in: v.optional(v.number()),
});

/**
 * Get a token for `scopes`: by GET, with the password if there is one, or by POST in exchange for an identity token.
 * @throws {RegistryError} no answer, a refusal, or not a token
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(http: HttpClient, request: TokenRequest): Promise<Token> {
  const action = `log in to ${request.registry.host} through ${request.realm.host}`;
  const { host } = request.realm;
  const credentials = mayCarryPassword(request.realm, request.registry) ? request.credentials : undefined;
  const header = credentials?.kind === 'password' ? basicHeader(credentials.username, credentials.password) : undefined;
  const sent =
    credentials?.kind === 'identity-token' ? exchangeRequest(request, credentials.token) : plainRequest(request, credentials?.username);
  const { response } = await sendFollowing(http, sent, { origin: request.realm.origin, header }, action);
  if (response.statusCode !== 200) {
    throw await refusal(action, host, response, credentials);
  }
  const bytes = await readBody(response, MAX_TOKEN_BYTES, { action, host });
  const answer = v.safeParse(tokenAnswer, parseJson(bytes));
  // Some servers send both names, one of them empty; the schema has refused what could not be a header.
  const text = answer.success ? answer.output.token || answer.output.access_token : undefined;
  if (!answer.success || !text) throw new RegistryError(action, `the answer of ${host} holds no token`, { host });
  const seconds = Math.max(MIN_LIFETIME_SECONDS, answer.output.expires_in ?? 0);
  return { text, expiresAtMs: Date.now() + seconds * 1000 };
}

function plainRequest(request: TokenRequest, account: string | undefined): HttpRequest {
  const url = new URL(request.realm);
  if (account !== undefined) url.searchParams.set('account', account);
  if (request.service !== undefined) url.searchParams.set('service', request.service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  return { method: 'GET', url, headers: { 'user-agent': request.userAgent }, signal: request.signal };
}

function exchangeRequest(request: TokenRequest, identityToken: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: CLIENT_ID });
  if (request.service !== undefined) form.set('service', request.service);
  form.set('scope', request.scopes.join(' '));
  const headers = { 'user-agent': request.userAgent, 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: request.realm, headers, body: Buffer.from(form.toString()), signal: request.signal };
}

async function refusal(
  action: string,
  host: string,
  response: HttpResponse,
  credentials: RegistryCredentials | undefined,
): Promise<RegistryError> {
  const status = response.statusCode;
  const diagnostics = parseDiagnostics(await readErrorText(response));
  const said = formatStatus(status, diagnostics);
  const refused = status === 400 || status === 401 || status === 403;
  const who =
    credentials === undefined
      ? 'without credentials'
      : credentials.kind === 'password'
        ? `for user "${credentials.username}"`
        : 'for the stored token';
  return new RegistryError(action, refused ? `no token was given ${who} (${said})` : `the token server answered ${said}`, {
    host,
    status,
    diagnostics,
    retryable: status === 429 || status >= 500,
    retryAfterMs: parseRetryAfter(headerOf(response, 'retry-after'), Date.now()),
    hint: refused
      ? 'Check user name and password; give them with --creds USERNAME:PASSWORD or in a credentials file (auth.json)'
      : undefined,
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Said by the caller: the text may hold a token, so it is not quoted.
    return undefined;
  }
}
