import { constants } from 'node:fs';
import { joinParts, splitPath } from '../../context/index.js';
import { hasCode } from '../../errors.js';
import {
  AT_EMPTY_PATH,
  closeFd,
  type Fd,
  fchmodat,
  fchownat,
  mkdirat,
  O_PATH,
  openat2,
  type Path,
  pathBytes,
  setXattr,
} from '../../sys/index.js';

const DIRECTORY_MODE = 0o755;

/** True when `path` leads to a directory inside the root, links followed there. */
export function isDirectory(root: Fd, path: Path): boolean {
  try {
    closeFd(openat2(root, path, { flags: O_PATH | constants.O_DIRECTORY }));
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => hasCode(error, code))) return false;
    throw error;
  }
}

/**
 * Makes each path and what is missing above it, 0755 and owned by `owner`. Links are followed inside the root, so that a WORKDIR that is a
 * link in the image cannot lead out of it.
 *
 * @param paths from the root, with or without a leading slash
 * @throws ENOTDIR, ELOOP, ... with the path: something that is no directory is in the way
 */
export function makeDirectories(root: Fd, paths: readonly Path[], owner: { readonly uid: number; readonly gid: number }): void {
  for (const path of paths) {
    const parts = splitPath(pathBytes(path));
    for (let depth = 1; depth <= parts.length; depth++) makeOne(root, joinParts(parts.slice(0, depth - 1)), parts[depth - 1]!, owner);
  }
}

function makeOne(root: Fd, directory: Buffer, name: Buffer, owner: { readonly uid: number; readonly gid: number }): void {
  if (isDirectory(root, Buffer.concat([directory, Buffer.from('/'), name]))) return;
  const parent = openat2(root, directory.length === 0 ? '.' : directory, { flags: O_PATH | constants.O_DIRECTORY });
  try {
    mkdirat(parent, name, DIRECTORY_MODE);
    const made = openat2(parent, name, { flags: O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW });
    try {
      // The umask of the builder is not the image's.
      fchmodat(made, '', DIRECTORY_MODE);
      giveTo(made, owner);
    } finally {
      closeFd(made);
    }
  } finally {
    closeFd(parent);
  }
}

/** Where the id cannot be mapped the owner is written down for the layer. */
function giveTo(directory: Fd, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  if (uid === 0 && gid === 0) return;
  try {
    fchownat(directory, '', uid, gid, AT_EMPTY_PATH);
  } catch (error) {
    if (!hasCode(error, 'EINVAL') && !hasCode(error, 'EPERM')) throw error;
    setXattr(directory, 'user.containers.override_stat', Buffer.from(`${uid}:${gid}:0${DIRECTORY_MODE.toString(8)}`));
  }
}
