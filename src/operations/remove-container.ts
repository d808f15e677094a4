import { UsageError } from '../errors.js';
import { type Services, withStore } from './context.js';

/** Removes working containers with everything in them. Returns their IDs. @throws {ContainerNotFoundError} */
export async function removeContainers(
  options: { readonly names: readonly string[]; readonly all: boolean },
  services: Services,
): Promise<readonly string[]> {
  if (options.all && options.names.length > 0) throw new UsageError('--all takes no container names');
  if (!options.all && options.names.length === 0) throw new UsageError('Name at least one working container, or give --all');
  return withStore(services, async (store) => {
    const records = options.all ? store.containers.list() : options.names.map((name) => store.containers.get(name));
    for (const record of records) await store.containers.remove(record.id);
    return records.map((record) => record.id);
  });
}
