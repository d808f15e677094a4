import { constants, openSync } from 'node:fs';
import { hasCode } from '../errors.js';
import { cloneMount, closeFd, type Fd, type IdMaps, type Owner, openUserNamespace, outsideOf } from '../sys/index.js';

/**
 * How owners are shown to a user namespace whose ids are others than those of the store. `mount`: by mounts that shift them, which the kernel
 * lets the owner of a file system have. `copy`: by copies whose files belong to the ids outside.
 */
export type Shift = MountShift | CopyShift;

export interface MountShift {
  readonly kind: 'mount';
  /** A user namespace with its maps. */
  readonly namespace: Fd;
  /** Who its root is outside. */
  readonly owner: Owner;
}

export interface CopyShift {
  readonly kind: 'copy';
  readonly maps: IdMaps;
  readonly owner: Owner;
}

/**
 * Runs `body` with the way in which owners are shifted on the file system of `directory`.
 *
 * @param maps of which some shift
 * @throws EPERM these ids are not this process's to give
 */
export async function withShift<T>(maps: IdMaps, directory: string, body: (shift: Shift) => Promise<T>): Promise<T> {
  const owner = outsideOf(maps, { uid: 0, gid: 0 });
  const namespace = openUserNamespace(maps);
  try {
    return await body(canShift(directory, namespace) ? { kind: 'mount', namespace, owner } : { kind: 'copy', maps, owner });
  } finally {
    closeFd(namespace);
  }
}

function canShift(directory: string, namespace: Fd): boolean {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    closeFd(cloneMount(fd, { readOnly: true, recursive: false, shift: namespace }));
    return true;
  } catch (error) {
    // Somebody else owns the file system, or it is not one of those that can.
    if (hasCode(error, 'EPERM') || hasCode(error, 'EINVAL')) return false;
    throw error;
  } finally {
    closeFd(fd);
  }
}

/**
 * Runs `body` with the directories as they are seen through a shift by mounts, as far as there is one. They are closed when it ends; what was
 * mounted on them stays.
 */
export async function withShifted<T>(
  directories: readonly Fd[],
  shift: MountShift | undefined,
  body: (fds: readonly Fd[]) => T | Promise<T>,
): Promise<T> {
  if (shift === undefined) return body(directories);
  const fds: Fd[] = [];
  try {
    for (const fd of directories) fds.push(cloneMount(fd, { readOnly: false, recursive: false, shift: shift.namespace }));
    return await body(fds);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
