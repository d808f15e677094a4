import * as v from 'valibot';
import { fetchPages } from './pages.js';
import { MAX_TAGS_BYTES, readBody } from './read-body.js';
import { RegistryError } from './registry-error.js';
import type { Session } from './session.js';

/** A repository that was found. */
export interface FoundRepository {
  /** Without the registry's host. */
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly isOfficial: boolean;
  readonly isAutomated: boolean;
}

const searchAnswer = v.object({
  results: v.array(
    v.object({
      name: v.string(),
      description: v.nullish(v.string(), ''),
      star_count: v.nullish(v.number(), 0),
      is_official: v.nullish(v.boolean(), false),
      is_automated: v.nullish(v.boolean(), false),
    }),
  ),
});
const catalog = v.object({ repositories: v.nullish(v.array(v.string()), []) });

/**
 * Repositories with `term` in their names: by the registry's own search where it has one (`/v1/search`), else in its catalog.
 *
 * @param limit the most that are wanted
 * @throws {RegistryError} it has neither, or is not reachable
 */
export async function searchRepositories(
  session: Session,
  term: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly FoundRepository[]> {
  const found = await askSearch(session, term, limit, signal);
  return found ?? (await searchCatalog(session, term, limit, signal));
}

/** @returns undefined when the registry has no search */
async function askSearch(
  session: Session,
  term: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly FoundRepository[] | undefined> {
  const { host } = session.options;
  const action = `search ${host}`;
  const query = new URLSearchParams({ q: term.replace(/^library\//, ''), n: String(limit) });
  try {
    const access = { repository: '', scopes: [] };
    const { response } = await session.send({ action, method: 'GET', target: `/v1/search?${query}`, access, expect: [200], signal });
    const answer = v.safeParse(searchAnswer, parseJson(await readBody(response, MAX_TAGS_BYTES, { action, host, signal })));
    if (!answer.success) return undefined;
    return answer.output.results.slice(0, limit).map(({ name, description, star_count, is_official, is_automated }) => ({
      name,
      description: description ?? '',
      stars: star_count ?? 0,
      isOfficial: is_official ?? false,
      isAutomated: is_automated ?? false,
    }));
  } catch (error) {
    // A registry of today answers that path with one error or another.
    if (error instanceof RegistryError && error.status !== undefined && error.status !== 429) return undefined;
    throw error;
  }
}

/** @see https://distribution.github.io/distribution/spec/api/#listing-repositories */
async function searchCatalog(
  session: Session,
  term: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly FoundRepository[]> {
  const { host } = session.options;
  const action = `list the repositories of ${host}`;
  const access = { repository: '', scopes: ['registry:catalog:*'] };
  const names: string[] = [];
  const call = { action, method: 'GET' as const, target: '/v2/_catalog', access, expect: [200], signal };
  for await (const bytes of fetchPages(session, call, 'repositories')) {
    const answer = v.safeParse(catalog, parseJson(bytes));
    if (!answer.success) throw new RegistryError(action, 'the answer is not a list of repositories', { host });
    const found = (answer.output.repositories ?? []).filter((name) => name.includes(term));
    // Not all of them: a page may hold more than a call takes arguments.
    names.push(...found.slice(0, limit - names.length));
    if (names.length >= limit) break;
  }
  return names.slice(0, limit).map((name) => ({ name, description: '', stars: 0, isOfficial: false, isAutomated: false }));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Not what was asked for; the caller says so.
    return undefined;
  }
}
