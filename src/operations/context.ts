import type { Settings } from '../config/index.js';
import { hostPlatform, type Platform } from '../image/index.js';
import type { Reporter } from '../progress.js';
import type { SnapshotDriver } from '../snapshots/index.js';
import { openStore, type Store, type StoreOptions } from '../store/index.js';

/** What every operation is given besides its own options. */
export interface Services {
  readonly settings: Settings;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** The parts of a running operation, assembled from the settings: the one place where they meet. */
export interface Workspace {
  readonly store: Store;
  readonly snapshots: SnapshotDriver;
  readonly platform: Platform;
}

/** Runs `body` on the store the settings name, and closes it. Takes no lock: enough for what reads names and blobs. */
export async function withStore<T>(services: Services, body: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(storeOptions(services.settings));
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** As {@link withStore}, with the shared lock held and the snapshots at hand: for what makes or uses root file systems. */
export async function withWorkspace<T>(services: Services, body: (workspace: Workspace) => Promise<T>): Promise<T> {
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      // Loaded here, so that commands that only read names do not wait for the code of layers.
      const { openSnapshots } = await import('../snapshots/index.js');
      const { settings, reporter } = services;
      const snapshots = await openSnapshots(store, {
        driver: settings.storageDriver,
        onCopies: (reason) => reporter.report({ kind: 'warning', text: `Root file systems are copied (vfs): ${reason}` }),
      });
      return await body({ store, snapshots, platform: hostPlatform(process.arch) });
    } finally {
      release();
    }
  });
}

function storeOptions({ root, runRoot, noSync }: Settings): StoreOptions {
  return { root, runRoot, noSync };
}
