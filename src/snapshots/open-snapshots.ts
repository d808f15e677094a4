import type { Store } from '../store/index.js';
import type { SnapshotDriver, StorageDriver } from './snapshot-driver.js';

export interface SnapshotOptions {
  /** Left out: an overlay where one works, and copies elsewhere. */
  readonly driver?: StorageDriver | undefined;
  /** Told why there are copies, when nobody asked for them. */
  readonly onCopies?: ((reason: string) => void) | undefined;
}

/** The snapshots of a store whose directory is there. */
export async function openSnapshots(store: Store, { driver, onCopies }: SnapshotOptions): Promise<SnapshotDriver> {
  const { chooseDriver } = await import('./choose-driver.js');
  const chosen = driver === undefined ? await chooseDriver(store) : { driver };
  if (chosen.driver === 'vfs') {
    if ('reason' in chosen && chosen.reason !== undefined) onCopies?.(chosen.reason);
    return (await import('./copy-driver.js')).openCopySnapshots(store);
  }
  // `user.` for root too: one store then serves root, users and nested namespaces alike.
  return (await import('./overlay-driver.js')).openOverlaySnapshots(store, { userxattr: true });
}
