import * as v from 'valibot';
import { resolveLocation } from './follow-redirects.js';
import { headerOf, MAX_TAGS_BYTES, readBody } from './read-body.js';
import { RegistryError } from './registry-error.js';
import type { Session } from './session.js';
import { accessTo, repositoryPath } from './target.js';

const MAX_PAGES = 1000;

const tagList = v.object({ tags: v.nullish(v.array(v.string()), []) });

/**
 * All tags of a repository, in the registry's order.
 * @throws {RegistryError} not there, not reachable, or pages without end
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags(session: Session, repository: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { host } = session.options;
  const action = `list the tags of ${host}/${repository}`;
  const notFound = { problem: 'the registry has no such repository', hint: 'Check the spelling of the repository' };
  const common = { action, method: 'GET' as const, access: accessTo(repository, 'pull'), expect: [200], signal, notFound };
  const tags: string[] = [];
  let target: string | URL = `${repositoryPath(repository)}/tags/list`;
  for (let page = 0; page < MAX_PAGES; page++) {
    const current: string | URL = target;
    const { next, found } = await session.retrying(signal, async () => {
      const { response, url } = await session.send({ ...common, target: current });
      const bytes = await readBody(response, MAX_TAGS_BYTES, { action, host, signal });
      return { found: parseTags(bytes, action, host), next: nextPage(url, headerOf(response, 'link'), action) };
    });
    tags.push(...found);
    if (next === undefined) return tags;
    target = next;
  }
  throw new RegistryError(action, `it has more than ${MAX_PAGES} pages of tags`, { host });
}

/** The URL of `Link: <URL>; rel="next"`. @throws {RegistryError} on another host: pages of one list are one registry's */
export function nextPage(from: URL, link: string | undefined, action: string): URL | undefined {
  const found = /<([^>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?/i.exec(link ?? '')?.[1];
  if (found === undefined) return undefined;
  const next = resolveLocation(from, found, action);
  if (next.origin !== from.origin) throw new RegistryError(action, `the next page is on another host, ${next.host}`, { host: from.host });
  return next;
}

function parseTags(bytes: Uint8Array, action: string, host: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new RegistryError(action, 'the answer is not JSON', { host, cause });
  }
  const list = v.safeParse(tagList, value);
  if (!list.success) throw new RegistryError(action, 'the answer is not a list of tags', { host });
  return list.output.tags ?? [];
}
