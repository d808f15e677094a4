import { UsageError } from '../../errors.js';
import { formatReference, isShortName, parseReference } from '../../image/index.js';
import type { FoundRepository } from '../../registry/index.js';
import type { Services } from '../context.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';

export interface SearchOptions extends RegistryOptions {
  /** `[REGISTRY/]WORD`, or `REGISTRY/`; without a registry, every search registry of registries.conf is asked. */
  readonly term: string;
  /** Of each registry. */
  readonly limit: number;
}

export interface SearchRow extends FoundRepository {
  /** Domain of the registry without its first labels, as podman shows it. */
  readonly index: string;
  /** With the registry's host. */
  readonly fullName: string;
}

export interface TaggedRepository {
  readonly name: string;
  readonly tags: readonly string[];
}

const DOCKER_HUB_INDEX = 'index.docker.io';

/** @throws the failure of a registry when none answers; else it is only warned of */
export async function searchImages(options: SearchOptions, services: Services): Promise<readonly SearchRow[]> {
  const access = new RegistryAccess(services, options);
  const { hosts, word } = await placesOf(options.term, access);
  const rows: SearchRow[] = [];
  const failures: unknown[] = [];
  for (const host of hosts) {
    try {
      const client = await access.client(host === 'docker.io' ? DOCKER_HUB_INDEX : host);
      const found = await client.search(word, options.limit, { signal: services.signal });
      rows.push(...found.map((repository) => describe(host, repository)));
    } catch (error) {
      services.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length === hosts.length) throw failures[0];
  for (const failure of failures) services.reporter.report({ kind: 'warning', text: (failure as Error).message });
  return rows;
}

/** The tags of a repository. */
export async function listRepositoryTags(options: SearchOptions, services: Services): Promise<TaggedRepository> {
  const text = options.term.replace(/^docker:\/\//, '');
  const access = new RegistryAccess(services, options);
  const host = isShortName(text) ? ((await access.registries()).searchRegistries[0] ?? 'docker.io') : undefined;
  const { registry, repository, tag, digest } = parseReference(host === undefined ? text : `${host}/${text}`);
  if (tag !== undefined || digest !== undefined)
    throw new UsageError(`reference "${options.term}" must be a docker reference without a tag or digest`);
  const tags = await (await access.client(registry)).listTags(repository, { signal: services.signal });
  return { name: formatReference({ registry, repository }), tags: tags.slice(0, options.limit) };
}

async function placesOf(term: string, access: RegistryAccess): Promise<{ readonly hosts: readonly string[]; readonly word: string }> {
  const slash = term.indexOf('/');
  const first = slash === -1 ? '' : term.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  if (isHost) return { hosts: [first], word: term.slice(slash + 1) };
  const { searchRegistries, files } = await access.registries();
  if (searchRegistries.length === 0) {
    throw new UsageError(`no unqualified-search registries are defined, so "${term}" cannot be searched for`, {
      hint: `Write the registry too, docker.io/${term} for instance (read: ${files.join(', ') || 'no registries.conf'})`,
    });
  }
  return { hosts: searchRegistries, word: term };
}

function describe(host: string, repository: FoundRepository): SearchRow {
  const name = host === 'docker.io' && !repository.name.includes('/') ? `library/${repository.name}` : repository.name;
  const labels = host.replace(/:\d+$/, '').split('.');
  const isAddress = labels.every((label) => /^\d+$/.test(label));
  return { ...repository, index: isAddress ? host : labels.slice(-2).join('.'), fullName: `${host}/${name}` };
}
