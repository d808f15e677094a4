import { constants } from 'node:fs';
import { hasCode } from '../errors.js';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  closeFd,
  type Fd,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  readlinkat,
  type Stat,
  statat,
} from '../sys/index.js';
import { isDotDot, joinParts, splitPath } from './rooted-path.js';

/** A path whose every component was looked at: none of them is a link any more. */
export interface RealPath {
  /** Relative to the root; no parts: the root itself. */
  readonly parts: readonly Buffer[];
  readonly stat: Stat;
}

const MAX_LINKS = 40; // as the kernel, path_resolution(7)
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/**
 * Follow the links of `path` inside the root: absolute targets start at the root, `..` stops there.
 *
 * @returns undefined when there is nothing, or too many links
 */
export function resolveRealPath(root: Fd, path: Buffer): RealPath | undefined {
  const found = follow(root, path, false);
  return found?.stat === undefined ? undefined : { parts: found.parts, stat: found.stat };
}

/**
 * As {@link resolveRealPath} for a path that is to be made: what is missing is kept as it is written.
 *
 * @returns `stat` is undefined when there is nothing yet; undefined for too many links
 */
export function resolveTargetPath(
  root: Fd,
  path: Buffer,
): { readonly parts: readonly Buffer[]; readonly stat: Stat | undefined } | undefined {
  return follow(root, path, true);
}

function follow(
  root: Fd,
  path: Buffer,
  keepMissing: boolean,
): { readonly parts: readonly Buffer[]; readonly stat: Stat | undefined } | undefined {
  let waiting = splitPath(path);
  let parts: Buffer[] = [];
  let links = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (isDotDot(part)) {
      parts.pop();
      continue;
    }
    const found = look(root, [...parts, part]);
    if (found === undefined && !keepMissing) return undefined;
    if (found?.target === undefined) {
      parts.push(part);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (found.target[0] === 0x2f) parts = [];
    waiting = [...splitPath(found.target), ...waiting];
  }
  return { parts, stat: look(root, parts)?.stat };
}

function look(root: Fd, parts: readonly Buffer[]): { readonly stat: Stat; readonly target: Buffer | undefined } | undefined {
  let fd: Fd;
  try {
    const path = parts.length === 0 ? Buffer.from('.') : joinParts(parts);
    fd = openat2(root, path, {
      flags: O_PATH | constants.O_NOFOLLOW,
      resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
  try {
    const stat = statat(fd, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    return { stat, target: (stat.mode & S_IFMT) === S_IFLNK ? readlinkat(fd, '') : undefined };
  } finally {
    closeFd(fd);
  }
}
