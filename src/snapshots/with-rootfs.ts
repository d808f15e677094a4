import type { Shift } from './shift.js';
import { shiftOwners } from './shifted-tree.js';
import type { MountedRoot, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
import { withDirectories } from './with-directories.js';

/** What a command is given as its root; `shifted`: its owners are ids outside already. */
export type CommandRoot = MountedRoot & { readonly shifted?: boolean };

/**
 * Runs `body` with the root of a command that writes into `working`. Where owners are shifted by copies, those in `working` are as long as
 * `body` runs: whoever is killed meanwhile leaves it so.
 *
 * @param lowers directories, top first
 * @throws {UnsupportedFeatureError} owners would have to be shifted in copies, and cannot be
 */
export async function withRootfs<T>(
  snapshots: SnapshotDriver,
  { lowers, working }: { readonly lowers: readonly string[]; readonly working: WorkingLayer },
  shift: Shift | undefined,
  body: (root: CommandRoot) => Promise<T>,
): Promise<T> {
  if (shift?.kind !== 'copy') return body(snapshots.rootfs(lowers, working));
  const shifted = await snapshots.shifted(lowers, shift);
  return withDirectories([working.upper], async ([upper = -1]) => {
    await shiftOwners(upper, shift.maps, 'outside');
    try {
      return await body({ ...snapshots.rootfs(shifted, working), shifted: true });
    } finally {
      await shiftOwners(upper, shift.maps, 'inside');
    }
  });
}
