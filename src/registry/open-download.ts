import { sendFollowing } from './follow-redirects.js';
import { HttpClient } from './http-client.js';
import { discardBody, headerOf } from './read-body.js';
import { RegistryError } from './registry-error.js';

export interface DownloadOptions {
  readonly url: URL;
  /** PEM texts of authorities to trust besides the usual ones. */
  readonly ca?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way from a web server. Nobody has verified it: the caller knows its digest or takes it as it is. */
export interface Download {
  /** Read once, to the end. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What the server says of when it changed. */
  readonly lastModified: Date | undefined;
}

/**
 * Fetch a file, for ADD of a URL. Certificates are always verified and no credentials are sent.
 *
 * @throws {RegistryError} no answer, another status than 200, or redirects that go too far or from https to http
 */
export async function openDownload({ url, ca = [], signal }: DownloadOptions): Promise<Download> {
  const http = new HttpClient({ verify: true, ca });
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const action = `fetch ${bare.origin}${bare.pathname}`;
  const headers = { 'user-agent': 'tsbuild' };
  const { response } = await sendFollowing(
    http,
    { method: 'GET', url: bare, headers, signal },
    { origin: bare.origin, header: undefined },
    action,
  );
  if (response.statusCode !== 200) {
    await discardBody(response);
    throw new RegistryError(action, `${bare.host} answered with status ${response.statusCode}`, {
      host: bare.host,
      status: response.statusCode,
    });
  }
  const changed = headerOf(response, 'last-modified');
  const lastModified = changed === undefined ? undefined : new Date(changed);
  return {
    bytes: response.body,
    lastModified: lastModified === undefined || Number.isNaN(lastModified.getTime()) ? undefined : lastModified,
  };
}
