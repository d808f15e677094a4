import { UsageError } from '../errors.js';
import { formatReference, isShortName, parseReference } from '../image/index.js';
import { parseTransport } from '../transports/index.js';
import type { Services } from './context.js';
import { atRegistries, type PullOptions, type PullResult, pull } from './pull.js';
import { RegistryAccess } from './registry-access.js';

/** Brings every tagged image of a repository into the store, one after the other. @throws {UsageError} a tag or digest is given */
export async function pullAllTags(options: PullOptions, services: Services): Promise<readonly PullResult[]> {
  const transport = parseTransport(options.image);
  if (transport !== undefined && transport.kind !== 'docker') throw new UsageError('pulling all tags is not supported for this transport');
  const name = transport?.reference ?? options.image;
  const { tag, digest } = parseReference(name);
  if (tag !== undefined || digest !== undefined) throw new UsageError('a tag or digest cannot be used with --all-tags');
  const access = new RegistryAccess(services, options);
  const { repository, tags } = await atRegistries(name, access, services, async (place, full, insecure) => {
    if (place.kind !== 'docker') throw new TypeError('registries have names of images');
    const { registry, repository: path } = parseReference(place.reference);
    const client = await access.client(registry, insecure);
    const found = await client.listTags(path, { signal: services.signal });
    const asked = parseReference(full);
    return { repository: formatReference({ registry: asked.registry, repository: asked.repository }), tags: found };
  });
  if (tags.length === 0) throw new UsageError(`${isShortName(name) ? repository : name} has no tags`);
  const pulled: PullResult[] = [];
  for (const each of tags) pulled.push(await pull({ ...options, image: `${repository}:${each}` }, services));
  return pulled;
}
