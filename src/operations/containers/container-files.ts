import { constants, openSync } from 'node:fs';
import { knownLayer, type LayerState, type RootState, shiftsOwners } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import type { ContentDigest, DiffId } from '../../image/index.js';
import type { SnapshotDriver, WorkingLayer } from '../../snapshots/index.js';
import type { ContainerRecord, Store } from '../../store/index.js';
import type { Services, Workspace } from '../context.js';
import { mountedAt } from './mount-point.js';

/** The file system of a working container, as steps and sandboxes take it. */
export interface ContainerFiles {
  /** Directories of its image's layers, top first. */
  readonly lowers: readonly string[];
  readonly working: WorkingLayer;
  /** Where it is mounted for the user to see. Its upper directory must then not be mounted a second time. */
  readonly mountPoint: string | undefined;
  /** For steps: keeps the container's directory whatever fails, and goes through its mount where there is one. */
  readonly snapshots: SnapshotDriver;
  /** The layers of its image, and its upper directory as the place where steps write. */
  readonly root: RootState;
}

/** Makes the layers of the container's image ready. */
export async function openContainerFiles(
  record: ContainerRecord,
  { store, snapshots }: Workspace,
  { signal }: Services,
): Promise<ContainerFiles> {
  const { diffIds } = record;
  await snapshots.ensure(
    diffIds.map((diffId) => ({ diffId })),
    { signal },
  );
  const working = store.containers.working(record.id);
  const mountPoint = mountedAt(store, record.id);
  return {
    lowers: snapshots.lowers(diffIds),
    working,
    mountPoint,
    snapshots: driverFor(record, working, mountPoint, snapshots, store),
    root: { layers: knownLayers(diffIds), addedLayer: false, open: working },
  };
}

/** Layers that are extracted already; nothing asks for what they hold. */
export function knownLayers(diffIds: readonly DiffId[]): LayerState[] {
  return diffIds.map((diffId) => knownLayer({ diffId, contentDigest: diffId as string as ContentDigest, empty: false }));
}

function driverFor(
  { name, idMaps }: ContainerRecord,
  own: WorkingLayer,
  mountPoint: string | undefined,
  driver: SnapshotDriver,
  store: Store,
): SnapshotDriver {
  return {
    ...driver,
    // A mounted container is written to through its mount alone, as a directory is.
    kind: mountPoint === undefined ? driver.kind : 'vfs',
    discard(working) {
      if (working.dir !== own.dir) driver.discard(working);
      else if (working.work !== own.work) store.scratch.trash(working.work);
    },
    async openMerged(lowers, working, shift) {
      if (mountPoint === undefined || working?.dir !== own.dir) return driver.openMerged(lowers, working, shift);
      // What is written has ids of the container, and the mount shows others.
      if (idMaps !== undefined && shiftsOwners(idMaps))
        throw new UsageError(`container ${name} is mounted with the ids of its commands, and cannot be written to meanwhile`, {
          hint: `Unmount it first: tsbuild umount ${name}`,
        });
      return openSync(mountPoint, constants.O_RDONLY | constants.O_DIRECTORY);
    },
  };
}
