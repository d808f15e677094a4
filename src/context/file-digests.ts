import { constants } from 'node:fs';
import {
  closeFd,
  type Fd,
  getXattr,
  hashFiles,
  listXattrs,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/index.js';
import type { EntryStat } from './selection.js';
import type { StatCache } from './stat-cache.js';

/** A regular file below the root. */
export interface FileToDigest {
  readonly path: Buffer;
  readonly stat: EntryStat;
}

/**
 * Digest over the content and the extended attributes of each file, in order. Files the cache knows unchanged are not read.
 *
 * @param cache left out: every file is read
 */
export async function digestFiles(root: Fd, files: readonly FileToDigest[], cache: StatCache | undefined): Promise<readonly Buffer[]> {
  const digests: Buffer[] = [];
  const missing: number[] = [];
  for (const [index, { path, stat }] of files.entries()) {
    const known = cache?.get(path, stat);
    if (known === undefined) missing.push(index);
    else digests[index] = known;
  }
  const readAt = Date.now();
  const paths = missing.map((index) => files[index]!.path);
  const found = await hashFiles(root, paths, { withAttributes: true });
  for (const [at, index] of missing.entries()) {
    const file = files[index]!;
    cache?.set(file.path, file.stat, found[at]!, readAt);
    digests[index] = found[at]!;
  }
  return digests;
}

/** The attributes a copy of a directory keeps, as bytes that differ when they do; `hashFiles` has the same for files. Setting one changes the ctime, so the cache covers them. */
export function xattrsOf(root: Fd, path: Buffer): Buffer {
  const fd = openat2(root, path.length === 0 ? '.' : path, {
    flags: O_PATH | constants.O_NOFOLLOW,
    resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
  });
  try {
    const parts: Buffer[] = [];
    for (const name of listXattrs(fd)) {
      const text = name.toString('latin1');
      if (text !== 'security.capability' && (!text.startsWith('user.') || text.startsWith('user.overlay.'))) continue;
      const value = getXattr(fd, name) ?? Buffer.alloc(0);
      parts.push(Buffer.from(`${name.length} ${value.length} `), name, value);
    }
    return Buffer.concat(parts);
  } finally {
    closeFd(fd);
  }
}
