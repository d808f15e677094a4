import * as v from 'valibot';
import { fetchPages } from './pages.js';
import { RegistryError } from './registry-error.js';
import type { Session } from './session.js';
import { accessTo, repositoryPath } from './target.js';

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
  const target = `${repositoryPath(repository)}/tags/list`;
  const call = { action, method: 'GET' as const, target, access: accessTo(repository, 'pull'), expect: [200], signal, notFound };
  const pages: (readonly string[])[] = [];
  for await (const bytes of fetchPages(session, call, 'tags')) pages.push(parseTags(bytes, action, host));
  return pages.flat();
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
