import { constants } from 'node:fs';
import {
  closeFd,
  type EntryDigests,
  type Fd,
  getXattr,
  hashEntries,
  KNOWN,
  listXattrs,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Tree,
  unknownDigests,
} from '../sys/index.js';
import type { StatCache } from './stat-cache.js';

/** Entries below one directory. */
export interface ToDigest {
  readonly tree: Tree;
  /** Path of that directory below the root. */
  readonly directory: Buffer;
}

/** What {@link digestContents} found. */
export interface ContentDigests extends ToDigest {
  /** 32 bytes for each entry; of a file the digest over content and attributes. */
  readonly digests: Buffer;
  /** Of the directories that have some, by their position and in its order. */
  readonly attributes: ReadonlyMap<number, Buffer>;
}

/** So many trees are read at a time: one wildcard may name thousands of files, each a tree of its own. */
const BATCH = 64;

/** Reads files for a reason of its own, and fills in the digests of those that are to be read, or of some. */
export type ReadAnyway = (known: readonly EntryDigests[]) => Promise<void>;

export interface DigestContentsOptions {
  /** Left out: everything is read. */
  readonly cache?: StatCache | undefined;
  /** Comes first: what it leaves is read. */
  readonly readAnyway?: ReadAnyway | undefined;
}

/**
 * The content and the extended attributes of each file as a digest, and the attributes of each directory. What the cache knows unchanged
 * is not read.
 */
export async function digestContents(
  root: Fd,
  all: readonly ToDigest[],
  { cache, readAnyway }: DigestContentsOptions,
): Promise<readonly ContentDigests[]> {
  const found: ContentDigests[] = [];
  const readAt = Date.now();
  const known = all.map(({ tree, directory }) => unknownDigests(tree, directory));
  for (const entries of known) cache?.find(entries);
  await readAnyway?.(known);
  for (let at = 0; at < known.length; at += BATCH) {
    const reading = known.slice(at, at + BATCH).map((entries) => readMissing(root, entries, readAt, cache));
    // Also when one fails: nothing is read below a root that its owner then closes.
    await Promise.allSettled(reading);
    found.push(...(await Promise.all(reading)));
  }
  return found;
}

async function readMissing(root: Fd, known: EntryDigests, readAt: number, cache: StatCache | undefined): Promise<ContentDigests> {
  const { tree, directory, states } = known;
  const { digests, withAttributes } = await hashEntries(root, known);
  const attributes = new Map<number, Buffer>();
  for (const index of withAttributes) {
    const { path } = tree.at(index);
    attributes.set(
      index,
      xattrsOf(root, Buffer.concat(path.length === 0 || directory.length === 0 ? [directory, path] : [directory, SLASH, path])),
    );
    // Not to be remembered: it is asked each time.
    states[index] = KNOWN;
  }
  cache?.learn({ ...known, digests }, readAt);
  return { tree, directory, digests, attributes };
}

const SLASH = Buffer.from('/');

/** The attributes a copy of a directory keeps, as bytes that differ when they do; `hashEntries` has the same for files. Setting one changes the ctime, so the cache covers them. */
function xattrsOf(root: Fd, path: Buffer): Buffer {
  const fd = openat2(root, path.length === 0 ? '.' : path, {
    flags: constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
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
