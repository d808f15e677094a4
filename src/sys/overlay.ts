import { loadAddon } from './addon.js';
import type { Fd, Path } from './paths.js';

export interface OverlayMount {
  /** Directories, top first; at most 500. `O_PATH` descriptors will do. */
  readonly lowers: readonly Fd[];
  /** Directory that takes the changes, with `work` an empty directory on the same file system, used for one mount only. */
  readonly upper?: Fd | undefined;
  readonly work?: Fd | undefined;
  /** Marks in `user.overlay.*` instead of `trusted.overlay.*`: required in a user namespace, where `rmdir` fails with EIO otherwise. */
  readonly userxattr: boolean;
  /** Refuse every change; without `upper` that is so anyway. */
  readonly readOnly?: boolean | undefined;
  /** Go the way of kernels before 6.7, which know no layers by descriptor: tests ask for it. */
  readonly byString?: boolean | undefined;
  /** Whom what the overlay makes for itself belongs to, where that is not this process: on layers with shifted owners, see {@link cloneMount}. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** SELinux context of every file in it; a clone of one directory has none. */
  readonly label?: string | undefined;
}

/**
 * Mount an overlay that is attached nowhere: only the returned descriptor reaches it (`openat2`, `walk`, `copyEntries`), and
 * the mount ends when the last descriptor into it is closed, at the latest with the process. An overlay of one lower
 * and no upper is a read-only clone of that directory's mount (the kernel wants two layers).
 *
 * The mount is volatile: the kernel never syncs the upper file system for it, and `work` cannot be used twice. Needs Linux 5.11 (`userxattr`); below 6.13 the layers are named through
 * /proc, and below 6.7 they are some hundreds at most, since all their names are one page.
 *
 * @throws EPERM not in a mount namespace of one's own; EINVAL with the kernel's own text, for instance an upper that is itself on an overlay
 * @see https://docs.kernel.org/filesystems/overlayfs.html and https://man7.org/linux/man-pages/man2/fsopen.2.html
 */
export function mountOverlay(mount: OverlayMount): Fd {
  const { lowers, upper, work, userxattr, readOnly = false, byString = false, owner, label } = mount;
  return loadAddon().mountOverlay(lowers, upper, work, userxattr, readOnly, byString, owner?.uid, owner?.gid, label);
}

/**
 * A detached mount that shows the directory `dir`, like a bind mount that is attached nowhere.
 *
 * @param options.recursive with the mounts below `dir`; inside a user namespace the kernel refuses anything else where mounts came
 *   from outside (EINVAL)
 * @param options.shift a user namespace ({@link openUserNamespace}): owners are shown as it has them, so that what is 0 on disk belongs to
 *   whom 0 is there. Only who owns the file system may (EPERM), and not every one can (EINVAL)
 * @returns a descriptor; the mount ends when it is closed
 * @see https://man7.org/linux/man-pages/man2/open_tree.2.html and https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
export function cloneMount(
  dir: Fd,
  options: { readonly readOnly: boolean; readonly recursive: boolean; readonly shift?: Fd | undefined },
): Fd {
  return loadAddon().cloneMount(dir, options.readOnly, options.recursive, options.shift);
}

/**
 * What `path` leads to inside the root of a detached mount, as a detached mount of its own: a file or directory in one can be mounted only
 * from Linux 6.15 on, the root of one everywhere.
 *
 * @param mount of no further use: before 6.15 nothing can be cloned from it a second time
 * @throws what `openat2` throws
 * @see https://man7.org/linux/man-pages/man2/open_tree.2.html
 */
export function cloneInside(mount: Fd, path: Path): Fd {
  return loadAddon().cloneInside(mount, path);
}

/**
 * Attach a detached mount to the directory `path` of this mount namespace; from then on it outlives its descriptor and this process.
 *
 * @see https://man7.org/linux/man-pages/man2/move_mount.2.html
 */
export function attachMount(mount: Fd, path: Path): void {
  loadAddon().attachMount(mount, path);
}

/**
 * Take away what is mounted on `path`, at once; who still works in it keeps it until then.
 *
 * @throws EINVAL nothing is mounted there
 * @see https://man7.org/linux/man-pages/man2/umount.2.html
 */
export function unmount(path: Path): void {
  loadAddon().unmount(path);
}
