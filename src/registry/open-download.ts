import { userInfoOf } from './credentials.js';
import { sendFollowing } from './follow-redirects.js';
import { HttpClient } from './http-client.js';
import type { ProxyOptions } from './proxy-for.js';
import { discardBody, headerOf } from './read-body.js';
import { RegistryError } from './registry-error.js';

export interface DownloadOptions {
  readonly url: URL;
  /** PEM texts of authorities to trust besides the usual ones. */
  readonly ca?: readonly string[] | undefined;
  /** Left out: every host is reached directly. */
  readonly proxies?: ProxyOptions | undefined;
  /** For the `Authorization` header; other hosts that are redirected to do not see it. Left out: what user and password in the URL make. */
  readonly authorization?: string | undefined;
  /** What an earlier answer said: when nothing has changed since, nothing is sent. */
  readonly unless?: { readonly etag?: string | undefined; readonly lastModified?: string | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way from a web server. Nobody has verified it: the caller knows its digest or takes it as it is. */
export interface Download {
  /** Read once, to the end. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What the server says of when it changed. */
  readonly lastModified: Date | undefined;
  /** The headers by which a later request asks whether it has changed. */
  readonly marks: { readonly etag?: string | undefined; readonly lastModified?: string | undefined };
}

/**
 * Fetch a file, for ADD of a URL. Certificates are always verified.
 *
 * @throws {RegistryError} no answer, another status than 200, or redirects that go too far or from https to http
 */
export async function openDownload(options: DownloadOptions): Promise<Download | 'unchanged'> {
  const { url, ca = [], proxies, unless, signal } = options;
  const http = new HttpClient({ verify: 'always', ca }, proxies);
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  const action = `fetch ${bare.origin}${bare.pathname}`;
  const headers = {
    'user-agent': 'tsbuild',
    ...(unless?.etag === undefined ? {} : { 'if-none-match': unless.etag }),
    ...(unless?.lastModified === undefined ? {} : { 'if-modified-since': unless.lastModified }),
  };
  const authorization = { origin: bare.origin, header: options.authorization ?? basicOf(url) };
  const { response } = await sendFollowing(http, { method: 'GET', url: bare, headers, signal }, authorization, action);
  if (unless !== undefined && response.statusCode === 304) {
    await discardBody(response);
    return 'unchanged';
  }
  if (response.statusCode !== 200) {
    await discardBody(response);
    throw new RegistryError(action, `${bare.host} answered with status ${response.statusCode}`, {
      host: bare.host,
      status: response.statusCode,
    });
  }
  const changed = headerOf(response, 'last-modified');
  const etag = headerOf(response, 'etag');
  const lastModified = changed === undefined ? undefined : new Date(changed);
  return {
    bytes: response.body,
    lastModified: lastModified === undefined || Number.isNaN(lastModified.getTime()) ? undefined : lastModified,
    marks: { ...(etag === undefined ? {} : { etag }), ...(changed === undefined ? {} : { lastModified: changed }) },
  };
}

function basicOf(url: URL): string | undefined {
  const userInfo = userInfoOf(url);
  return userInfo === undefined ? undefined : `Basic ${Buffer.from(userInfo).toString('base64')}`;
}
