import { loadAddon, type Stat } from './addon.js';
import { AT_SYMLINK_NOFOLLOW, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from './constants.js';
import type { Fd, Path } from './paths.js';

/** `flags` as for open(2) (`O_CLOEXEC` is always added); `mode` for a file that `O_CREAT` makes, 0 by default. */
export interface OpenOptions {
  readonly flags: number;
  readonly mode?: number;
  /** `RESOLVE_*`; by default `RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS`: the path cannot leave `dir`. */
  readonly resolve?: number;
}

/**
 * Open `path` with `dir` as its root directory: absolute paths, absolute links and `..` all stay inside. The one door for paths
 * inside an image. Needs Linux 5.6.
 *
 * @returns a descriptor the caller closes
 * @throws ENOENT, ELOOP, ENOTDIR, EXDEV, ... as open(2)
 * @see https://man7.org/linux/man-pages/man2/openat2.2.html
 */
export function openat2(dir: Fd, path: Path, options: OpenOptions): Fd {
  return loadAddon().openat2(dir, path, options.flags, options.mode ?? 0, options.resolve ?? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

// The calls below take their `path` relative to `dir` as the kernel does: links in its leading components are followed anywhere.
// For a path that is not trusted, open its parent with openat2 first and give one name here.

/** @see https://man7.org/linux/man-pages/man2/mkdir.2.html */
export function mkdirat(dir: Fd, path: Path, mode: number): void {
  loadAddon().mkdirat(dir, path, mode);
}

/** @param flags 0 for a file, `AT_REMOVEDIR` for an empty directory @see https://man7.org/linux/man-pages/man2/unlink.2.html */
export function unlinkat(dir: Fd, path: Path, flags = 0): void {
  loadAddon().unlinkat(dir, path, flags);
}

/** Replaces `to` if it is there. @see https://man7.org/linux/man-pages/man2/rename.2.html */
export function renameat(fromDir: Fd, from: Path, toDir: Fd, to: Path): void {
  loadAddon().renameat(fromDir, from, toDir, to, 0);
}

/** Each of two files takes the other's name, both at once. @see https://man7.org/linux/man-pages/man2/rename.2.html RENAME_EXCHANGE */
export function renameExchange(fromDir: Fd, from: Path, toDir: Fd, to: Path): void {
  loadAddon().renameat(fromDir, from, toDir, to, 2); // RENAME_EXCHANGE, linux/fs.h
}

/** @param target text of the link, stored as it is @see https://man7.org/linux/man-pages/man2/symlink.2.html */
export function symlinkat(target: Path, dir: Fd, path: Path): void {
  loadAddon().symlinkat(target, dir, path);
}

/** A symbolic link is linked itself unless `AT_SYMLINK_FOLLOW` is given. @see https://man7.org/linux/man-pages/man2/link.2.html */
export function linkat(fromDir: Fd, from: Path, toDir: Fd, to: Path, flags = 0): void {
  loadAddon().linkat(fromDir, from, toDir, to, flags);
}

/**
 * Make a fifo, a device, an empty file or a socket.
 *
 * @param mode type and permission bits (`S_IFIFO | 0o644`); the umask applies
 * @throws EPERM a device, and the process has not CAP_MKNOD in the first user namespace (character device 0:0 is always allowed)
 * @see https://man7.org/linux/man-pages/man2/mknod.2.html
 */
export function mknodat(dir: Fd, path: Path, mode: number, major = 0, minor = 0): void {
  loadAddon().mknodat(dir, path, mode, major, minor);
}

/** By default acts on a link itself. -1 leaves an id as it is. @see https://man7.org/linux/man-pages/man2/chown.2.html */
export function fchownat(dir: Fd, path: Path, uid: number, gid: number, flags = AT_SYMLINK_NOFOLLOW): void {
  loadAddon().fchownat(dir, path, uid, gid, flags);
}

/**
 * Set permission bits; never follows a link in the last component. An empty path means `dir` itself, which may be an `O_PATH` descriptor.
 *
 * @throws EOPNOTSUPP `path` is a symbolic link
 * @see https://man7.org/linux/man-pages/man2/chmod.2.html
 */
export function fchmodat(dir: Fd, path: Path, mode: number): void {
  loadAddon().fchmodat(dir, path, mode);
}

/** Set times in nanoseconds since 1970; null leaves one as it is. @see https://man7.org/linux/man-pages/man2/utimensat.2.html */
export function utimensat(dir: Fd, path: Path, atimeNs: bigint | null, mtimeNs: bigint | null, flags = AT_SYMLINK_NOFOLLOW): void {
  loadAddon().utimensat(dir, path, atimeNs, mtimeNs, flags);
}

/** An empty path means `dir` itself, an `O_PATH | O_NOFOLLOW` descriptor. @see https://man7.org/linux/man-pages/man2/readlink.2.html */
export function readlinkat(dir: Fd, path: Path): Buffer {
  return loadAddon().readlinkat(dir, path);
}

/** By default does not follow a link; an empty path with `AT_EMPTY_PATH` means `dir` itself. @see https://man7.org/linux/man-pages/man2/statx.2.html */
export function statat(dir: Fd, path: Path, flags = AT_SYMLINK_NOFOLLOW): Stat {
  return loadAddon().statat(dir, path, flags);
}

// Extended attributes go through /proc/self/fd/N, so that `fd` may be an O_PATH descriptor, of a fifo for instance.

/** The value, or undefined when there is none or the file cannot have any. @see https://man7.org/linux/man-pages/man2/getxattr.2.html */
export function getXattr(fd: Fd, name: Path): Buffer | undefined {
  return loadAddon().getXattr(fd, name);
}

/** @throws EPERM, ENOTSUP, ENOSPC, ... @see https://man7.org/linux/man-pages/man2/setxattr.2.html */
export function setXattr(fd: Fd, name: Path, value: Uint8Array): void {
  loadAddon().setXattr(fd, name, value);
}

/** Names, sorted by bytes. Empty when the file system has no attributes. @see https://man7.org/linux/man-pages/man2/listxattr.2.html */
export function listXattrs(fd: Fd): Buffer[] {
  return loadAddon().listXattrs(fd).sort(Buffer.compare);
}

/** Gone afterwards, whether it was there or not. @see https://man7.org/linux/man-pages/man2/removexattr.2.html */
export function removeXattr(fd: Fd, name: Path): void {
  loadAddon().removeXattr(fd, name);
}

/** Write everything of the file system that holds `fd` to its disk. @see https://man7.org/linux/man-pages/man2/syncfs.2.html */
export function syncfs(fd: Fd): void {
  loadAddon().syncfs(fd);
}

/** As {@link syncfs}, on a thread of its own; `fd` is to be kept open until this settles. */
export async function syncfsAside(fd: Fd): Promise<void> {
  await loadAddon().syncfsAside(fd);
}

/** @see https://man7.org/linux/man-pages/man2/close.2.html */
export function closeFd(fd: Fd): void {
  loadAddon().closeFd(fd);
}
