import type { HttpClient, HttpRequest, HttpResponse } from './http-client.js';
import { discardBody, headerOf } from './read-body.js';
import { RegistryError } from './registry-error.js';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface Authorization {
  /** Scheme, host and port that may see `header`; nobody else does. */
  readonly origin: string;
  readonly header: string | undefined;
}

export interface Answer {
  readonly response: HttpResponse;
  /** Where it came from in the end. */
  readonly url: URL;
}

/**
 * Send a request and follow its redirects. `Authorization` goes to its origin only, whatever the redirects (or the URL itself) say:
 * a registry that sends its clients elsewhere must not send their passwords along.
 *
 * @throws {RegistryError} more than five redirects, from https to http, to something that is not HTTP, or of a request with a body
 * @see https://github.com/advisories/GHSA-742w-89gc-8m9c
 */
export async function sendFollowing(http: HttpClient, request: HttpRequest, authorization: Authorization, action: string): Promise<Answer> {
  let { url } = request;
  for (let hops = 0; ; hops++) {
    const response = await http.send({ ...request, url, headers: headersFor(url, request.headers, authorization) }, action);
    if (!REDIRECTS.has(response.statusCode)) return { response, url };
    await discardBody(response);
    const target = resolveLocation(url, headerOf(response, 'location'), action);
    if (hops === MAX_REDIRECTS)
      throw new RegistryError(action, `${request.url.host} redirects more than ${MAX_REDIRECTS} times`, { host: url.host });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new RegistryError(action, `${url.host} redirects a ${request.method} request, which the protocol does not allow`, {
        host: url.host,
      });
    }
    url = target;
  }
}

/**
 * The URL a `Location` header means, relative to where it was received.
 * @throws {RegistryError} missing, not a URL, not HTTP, or a step down from https to http
 */
export function resolveLocation(from: URL, location: string | undefined, action: string): URL {
  const host = from.host;
  if (location === undefined)
    throw new RegistryError(action, `${host} answered without the Location header the protocol demands`, { host });
  if (!URL.canParse(location, from.href))
    throw new RegistryError(action, `${host} answered with a Location header that is not a URL`, { host });
  const target = new URL(location, from);
  // Credentials in a URL would come from the registry; they are not ours to send.
  target.username = '';
  target.password = '';
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new RegistryError(action, `${host} sends to ${target.protocol} instead of https:`, { host });
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new RegistryError(action, `${host} sends from https to unprotected http (${target.host})`, { host });
  }
  return target;
}

function headersFor(url: URL, headers: Readonly<Record<string, string>>, authorization: Authorization): Readonly<Record<string, string>> {
  if (authorization.header === undefined || url.origin !== authorization.origin) return headers;
  return { ...headers, authorization: authorization.header };
}
