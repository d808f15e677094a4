import { constants, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DiffId } from '../image/index.js';
import { explainingFailure, type Store } from '../store/index.js';
import { closeFd, type Fd, mountOverlay, openat2, randomName } from '../sys/index.js';
import { ChainExtraction } from './extract-chain.js';
import { readRootAttributes, takeOverRoot, topOf } from './root-attributes.js';
import { withShifted } from './shift.js';
import { ShiftedLayers } from './shifted-layers.js';
import { shiftOwners } from './shifted-tree.js';
import { isEmpty, SnapshotDirectories } from './snapshot-directories.js';
import type { SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
import { withDirectories } from './with-directories.js';

export interface SnapshotOptions {
  /**
   * Overlay's marks in `user.overlay.*`, which a user namespace can write, instead of `trusted.overlay.*`. One store must not mix the two:
   * with the other family an opaque directory is not opaque.
   */
  readonly userxattr: boolean;
}

/**
 * Snapshots as overlay lower directories: `snapshots/<chain id>/fs` holds what one layer adds to the chain below it.
 * A directory there is complete from the moment it exists, and is never written to again.
 */
export function openOverlaySnapshots(store: Store, { userxattr }: SnapshotOptions): SnapshotDriver {
  const places = new SnapshotDirectories(store, '');
  const shiftedLayers = new ShiftedLayers(places);

  /** Directories of the chain, base first. */
  const directories = (chain: readonly DiffId[]): string[] =>
    chain.flatMap((diffId, position) => (isEmpty(diffId) ? [] : [places.fsOf(chain.slice(0, position + 1))]));
  const lowers = (chain: readonly DiffId[]): string[] => {
    const found = directories(chain).reverse();
    return found.length === 0 ? [places.emptyDirectory()] : found;
  };
  const extraction = new ChainExtraction({ places, lowers, whiteouts: userxattr ? 'overlay-user' : 'overlay-trusted' });

  const openMerged: SnapshotDriver['openMerged'] = async (lowerPaths, working, shift, label) => {
    if (shift?.kind === 'copy') {
      // Others may be those that a step still writes to, or of a build context.
      const isLayer = (lower: string): boolean => lower.startsWith(`${store.snapshotsDir}/`);
      const copies = await shiftedLayers.directories(lowerPaths, shift.maps, isLayer);
      if (working !== undefined) await withDirectories([working.upper], ([upper = -1]) => shiftOwners(upper, shift.maps, 'outside'));
      return openMerged(copies, working, undefined, label);
    }
    // Of a shifted overlay the two come from one mount, as it wants them.
    const upperPaths = working === undefined ? [] : shift === undefined ? [working.upper, working.work] : [working.dir];
    return await withDirectories([...upperPaths, ...lowerPaths], (opened) =>
      withShifted(opened, shift, async (fds) => {
        const lowers = fds.slice(upperPaths.length);
        const owner = shift?.owner;
        if (working === undefined) return mountOverlay({ lowers, userxattr, owner, label });
        if (shift === undefined) return mountOverlay({ lowers, upper: fds[0], work: fds[1], userxattr, label });
        return await withWritable(fds[0]!, working, (upper, work) => mountOverlay({ lowers, upper, work, userxattr, owner, label }));
      }),
    );
  };

  return {
    kind: 'overlay',
    has: (chain) => chain.every((diffId, position) => isEmpty(diffId) || places.has(chain.slice(0, position + 1))),
    lowers,
    rootAttributes: (lowerPaths) => readRootAttributes(topOf(lowerPaths)),
    rootfs: (lowerPaths, { upper, work }) => ({ lowers: lowerPaths, upper, work, overlayXattrs: userxattr ? 'user' : 'trusted' }),
    ensure: (layers, ensureOptions) => extraction.run(layers, ensureOptions?.signal),
    async prepare(lowerPaths) {
      const dir = await places.newDirectory();
      const working: WorkingLayer = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
      explainingFailure(dir, () => {
        mkdirSync(working.upper, { mode: 0o755 });
        mkdirSync(working.work, { mode: 0o755 });
      });
      takeOverRoot(working.upper, lowerPaths);
      return working;
    },
    async reopen(working) {
      // The directory may outlive this process, as a working container's does, and a killed one leaves its own there.
      const work = join(working.dir, `work-${randomName(4)}`);
      explainingFailure(work, () => mkdirSync(work, { mode: 0o755 }));
      return { ...working, work };
    },
    changes: async () => undefined,
    publish: (working, chain) => places.publish(working, chain),
    discard: (working) => places.discard(working),
    shifted: (lowerPaths, { maps }) => shiftedLayers.directories(lowerPaths, maps, () => true),
    openMerged,
  };
}

function withWritable<T>(dir: Fd, { upper, work }: WorkingLayer, body: (upper: Fd, work: Fd) => T): T {
  const fds: Fd[] = [];
  try {
    for (const path of [upper, work]) fds.push(openat2(dir, basename(path), { flags: constants.O_RDONLY | constants.O_DIRECTORY }));
    return body(fds[0]!, fds[1]!);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
