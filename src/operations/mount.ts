import { mkdirSync } from 'node:fs';
import { type OwnIds, withOwnIds } from '../builder/steps/index.js';
import { hasCode, UnsupportedFeatureError, UsageError } from '../errors.js';
import { ContainerNotFoundError } from '../store/index.js';
import { attachMount, closeFd } from '../sys/index.js';
import { openContainerFiles } from './containers/container-files.js';
import { mountedAt, mountPointOf, unmountContainer } from './containers/mount-point.js';
import { withContainer, withContainerFiles } from './containers/with-container.js';
import { type Services, withStore } from './context.js';

export interface MountedContainer {
  readonly id: string;
  readonly name: string;
  readonly mountPoint: string;
}

/**
 * Mounts the root file system of a working container in the mount namespace of this process, where it stays until it is unmounted, the
 * container removed, or the machine started again.
 *
 * @throws {UsageError} an ordinary user outside `tsbuild unshare`, for whom it would be gone when this command ends
 */
export async function mountContainer(container: string, services: Services): Promise<MountedContainer> {
  if (process.geteuid?.() !== 0)
    throw new UsageError('cannot mount using driver overlay in rootless mode. You need to run it in a `tsbuild unshare` session', {
      hint: `Use: tsbuild unshare --mount ${container} sh`,
    });
  return withContainerFiles(container, services, async (record, workspace) => {
    const { id, name } = record;
    const { store } = workspace;
    const mountPoint = mountPointOf(store, id);
    if (mountedAt(store, id) !== undefined) return { id, name, mountPoint };
    const files = await openContainerFiles(record, workspace, services);
    mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
    if (workspace.snapshots.kind === 'overlay') {
      // A work directory can be used only once.
      store.scratch.trash(files.working.work);
      mkdirSync(files.working.work, { mode: 0o755 });
    }
    // With the owners that its commands have: what they see is what is seen here. Copies would not be the container.
    await withOwnIds(record.idMaps, files.working.dir, async (ids) => {
      const shift = ids?.shift?.kind === 'copy' ? undefined : ids?.shift;
      const mount = await openShifted(() => workspace.snapshots.openMerged(files.lowers, files.working, shift), ids);
      try {
        attachMount(mount, mountPoint);
      } finally {
        closeFd(mount);
      }
    });
    return { id, name, mountPoint };
  });
}

async function openShifted(open: () => Promise<number>, ids: OwnIds | undefined): Promise<number> {
  try {
    return await open();
  } catch (error) {
    if (ids?.shift === undefined || !hasCode(error, 'EINVAL')) throw error;
    throw new UnsupportedFeatureError(
      'a container with ids of its own cannot be mounted here: it takes Linux 6.15, and ext4, xfs, btrfs or tmpfs',
      {
        cause: error,
      },
    );
  }
}

/** The working containers that are mounted where this process can see it. */
export async function listMounted(services: Services): Promise<readonly MountedContainer[]> {
  return withStore(services, async (store) =>
    store.containers.list().flatMap(({ id, name }) => {
      const mountPoint = mountedAt(store, id);
      return mountPoint === undefined ? [] : [{ id, name, mountPoint }];
    }),
  );
}

/** @returns its ID, or undefined when it was not mounted @throws {ContainerNotFoundError} */
export async function umountContainer(container: string, services: Services): Promise<string | undefined> {
  try {
    return await withContainer(container, services, async ({ record, store }) =>
      unmountContainer(store, record.id) ? record.id : undefined,
    );
  } catch (error) {
    throw error instanceof ContainerNotFoundError ? new ContainerNotFoundError(container, 'unmounting container') : error;
  }
}
