import { resolveLocation } from './follow-redirects.js';
import { headerOf, MAX_TAGS_BYTES, readBody } from './read-body.js';
import { RegistryError } from './registry-error.js';
import type { Call, Session } from './session.js';

const MAX_PAGES = 1000;
/** Of all pages together: a million names of usual length. A registry can make pages without end, each within its own limit. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * The bodies of a list that comes in pages, in the registry's order.
 *
 * @param what for error messages: `tags`
 * @throws {RegistryError} not there, not reachable, a page too large, or pages without end
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function* fetchPages(session: Session, first: Call, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  const { host } = session.options;
  const { action, signal } = first;
  let call = first;
  let listBytes = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const current = call;
    const { bytes, next } = await session.retrying(signal, async () => {
      const { response, url } = await session.send(current);
      const body = await readBody(response, MAX_TAGS_BYTES, { action, host, signal });
      return { bytes: body, next: nextPage(url, headerOf(response, 'link'), action) };
    });
    listBytes += bytes.length;
    if (listBytes > MAX_LIST_BYTES) throw new RegistryError(action, `it has more than ${MAX_LIST_BYTES} bytes of ${what}`, { host });
    yield bytes;
    if (next === undefined) return;
    call = { ...first, target: next };
  }
  throw new RegistryError(action, `it has more than ${MAX_PAGES} pages of ${what}`, { host });
}

/** The URL of `Link: <URL>; rel="next"`. @throws {RegistryError} on another host: pages of one list are one registry's */
export function nextPage(from: URL, link: string | undefined, action: string): URL | undefined {
  const found = /<([^>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?/i.exec(link ?? '')?.[1];
  if (found === undefined) return undefined;
  const next = resolveLocation(from, found, action);
  if (next.origin !== from.origin) throw new RegistryError(action, `the next page is on another host, ${next.host}`, { host: from.host });
  return next;
}
