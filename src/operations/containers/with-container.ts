import type { ContainerRecord, Store } from '../../store/index.js';
import { type Services, type Workspace, withStore, withWorkspace } from '../context.js';

/** A working container that this command has to itself. */
export interface HeldContainer {
  readonly record: ContainerRecord;
  readonly store: Store;
}

/**
 * Runs `body` while no other command changes the container; waits for one that does. For what touches no files: nothing of layers is loaded.
 *
 * @throws {ContainerNotFoundError} there is none of that name or ID, or it went while this waited
 */
export async function withContainer<T>(nameOrId: string, services: Services, body: (held: HeldContainer) => Promise<T>): Promise<T> {
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      return await holding(nameOrId, store, services, (record) => body({ record, store }));
    } finally {
      release();
    }
  });
}

/** As {@link withContainer}, for what works on its files. What killed commands left beside them is gone. */
export async function withContainerFiles<T>(
  nameOrId: string,
  services: Services,
  body: (record: ContainerRecord, workspace: Workspace) => Promise<T>,
): Promise<T> {
  return withWorkspace(services, async (workspace) =>
    holding(nameOrId, workspace.store, services, async (record) => {
      workspace.store.containers.tidy(record.id);
      try {
        return await body(record, workspace);
      } finally {
        workspace.store.containers.tidy(record.id);
      }
    }),
  );
}

async function holding<T>(nameOrId: string, store: Store, services: Services, body: (record: ContainerRecord) => Promise<T>): Promise<T> {
  const { id } = store.containers.get(nameOrId);
  const lock = await store.lockWork(id, { signal: services.signal });
  try {
    // Another command may have changed it, or removed it, while this one waited.
    return await body(store.containers.get(id));
  } finally {
    lock.release();
  }
}
