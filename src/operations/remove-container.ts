import { ContainerNotFoundError } from '../store/index.js';
import { unmountContainer } from './containers/mount-point.js';
import { withContainer } from './containers/with-container.js';
import { type Services, withStore } from './context.js';

export interface RemoveContainersResult {
  /** IDs of those that are gone. */
  readonly removed: readonly string[];
  /** What could not be removed; the others are gone all the same. */
  readonly failures: readonly Error[];
}

/** Removes working containers with everything in them, mounted or not. Waits for commands that work in them. */
export async function removeContainers(
  options: { readonly names: readonly string[]; readonly all: boolean },
  services: Services,
): Promise<RemoveContainersResult> {
  const names = options.all ? await withStore(services, async (store) => store.containers.list().map(({ id }) => id)) : options.names;
  const removed: string[] = [];
  const failures: Error[] = [];
  for (const name of names) {
    try {
      removed.push(await removeOne(name, services));
    } catch (error) {
      services.signal.throwIfAborted();
      // Of all, one that went meanwhile is no failure.
      if (error instanceof ContainerNotFoundError && options.all) continue;
      failures.push(error instanceof ContainerNotFoundError ? new ContainerNotFoundError(name, 'removing container') : (error as Error));
    }
  }
  return { removed, failures };
}

async function removeOne(name: string, services: Services): Promise<string> {
  return withContainer(name, services, async ({ record, store }) => {
    unmountContainer(store, record.id);
    await store.containers.remove(record.id);
    return record.id;
  });
}
