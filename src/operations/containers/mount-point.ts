import { lstatSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '../../errors.js';
import type { Store } from '../../store/index.js';
import { unmount } from '../../sys/index.js';

/** Where `mount` shows a container: below the run root, so that nothing that removes containers ever walks into it. */
export function mountPointOf(store: Store, id: string): string {
  return join(store.runRoot, 'containers', id);
}

/** The mount point, if something is mounted there. The kernel is asked, so a reboot or another namespace is seen as it is. */
export function mountedAt(store: Store, id: string): string | undefined {
  const path = mountPointOf(store, id);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.dev !== lstatSync(dirname(path)).dev ? path : undefined;
}

/** Takes the mount away. @returns false when there was none */
export function unmountContainer(store: Store, id: string): boolean {
  const path = mountedAt(store, id);
  if (path === undefined) return false;
  unmount(path);
  try {
    rmdirSync(path);
  } catch (error) {
    // Another namespace still has something mounted on it.
    if (!hasCode(error, 'EBUSY')) throw error;
  }
  return true;
}
