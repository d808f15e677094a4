import { constants } from 'node:fs';
import { joinParts, resolveTargetPath } from '../../context/index.js';
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
import { DestinationError } from './errors.js';

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
 * Makes each path and what is missing above it, 0755 and owned by `owner`. Links are followed inside the root, also those that lead to
 * nothing yet, so that a WORKDIR that is a link in the image cannot lead out of it.
 *
 * @param paths from the root, with or without a leading slash
 * @throws {DestinationError} something that is no directory is in the way, or links lead in a circle
 */
export function makeDirectories(root: Fd, paths: readonly Path[], owner: { readonly uid: number; readonly gid: number }): void {
  for (const path of paths) {
    if (isDirectory(root, path)) continue;
    const shown = `/${pathBytes(path).toString().replace(/^\/+/, '')}`;
    const target = resolveTargetPath(root, pathBytes(path));
    if (target === undefined) throw new DestinationError(shown, 'its links lead in a circle');
    const { parts } = target;
    for (let depth = 1; depth <= parts.length; depth++) makeOne(root, parts.slice(0, depth), shown, owner);
  }
}

function makeOne(root: Fd, parts: readonly Buffer[], shown: string, owner: { readonly uid: number; readonly gid: number }): void {
  if (isDirectory(root, joinParts(parts))) return;
  const directory = joinParts(parts.slice(0, -1));
  const name = parts.at(-1)!;
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
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    const blocking = `/${joinParts(parts)}`;
    const problem = `${blocking === shown ? 'it' : JSON.stringify(blocking)} is there and is no directory`;
    throw new DestinationError(shown, problem, 'Choose another path, or remove what is there in a RUN before');
  } finally {
    closeFd(parent);
  }
}

/** Where the id cannot be mapped the owner is written down for the layer. */
function giveTo(directory: Fd, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  // Also to the builder itself: below a directory with the set-group-id bit the group would be that directory's.
  try {
    fchownat(directory, '', uid, gid, AT_EMPTY_PATH);
  } catch (error) {
    if (!hasCode(error, 'EINVAL') && !hasCode(error, 'EPERM')) throw error;
    setXattr(directory, 'user.containers.override_stat', Buffer.from(`${uid}:${gid}:0${DIRECTORY_MODE.toString(8)}`));
  }
}
