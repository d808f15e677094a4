import { constants } from 'node:fs';
import {
  closeFd,
  type Fd,
  getXattr,
  hashFiles,
  listXattrs,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/index.js';
import { type EntryStat, isDirectoryMode } from './selection.js';
import type { StatCache } from './stat-cache.js';

/** A regular file or a directory below the root. */
export interface ToDigest {
  /** Bytes of its path as latin1. */
  readonly path: string;
  readonly stat: EntryStat;
}

const DIGEST_BYTES = 32;
/** So many are read at once, and kept in memory until they are. */
const BATCH = 4096;
/** In the cache: a directory without attributes. One that has some is asked each time. */
const NO_ATTRIBUTES = Buffer.alloc(DIGEST_BYTES);

/** What `digestContents` found, in the order it was asked. */
export class ContentDigests {
  #bytes = Buffer.allocUnsafe(256 * DIGEST_BYTES);
  #count = 0;
  readonly #attributes = new Map<number, Buffer>();

  /** Of a file the digest over content and attributes, of a directory its attributes. */
  at(index: number): Buffer {
    return this.#attributes.get(index) ?? this.#bytes.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  }

  /** Room for one more; gives its index. */
  add(): number {
    if ((this.#count + 1) * DIGEST_BYTES > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)]);
    return this.#count++;
  }

  setDigest(index: number, digest: Buffer): void {
    digest.copy(this.#bytes, index * DIGEST_BYTES);
  }

  setAttributes(index: number, attributes: Buffer): void {
    this.#attributes.set(index, attributes);
  }
}

/**
 * The content and the extended attributes of each file as a digest, and the attributes of each directory. What the cache knows unchanged
 * is not read.
 *
 * @param cache left out: everything is read
 */
export async function digestContents(root: Fd, all: Iterable<ToDigest>, cache: StatCache | undefined): Promise<ContentDigests> {
  const digests = new ContentDigests();
  let missing: MissingDigest[] = [];
  // One batch is read while the next is put together.
  let reading: Promise<void> = Promise.resolve();
  const readMissing = async (): Promise<void> => {
    await reading;
    reading = readBatch(root, missing, digests, cache);
    // Whoever waits for it hears of a failure, or has one of its own.
    reading.catch(() => {});
    missing = [];
  };
  for (const { path, stat } of all) {
    const index = digests.add();
    const known = cache?.get(path, stat);
    if (isDirectoryMode(stat.mode)) {
      const readAt = Date.now();
      const attributes = known === undefined ? xattrsOf(root, Buffer.from(path, 'latin1')) : NOTHING;
      if (attributes.length === 0 && known === undefined) cache?.set(path, stat, NO_ATTRIBUTES, readAt);
      digests.setAttributes(index, attributes);
    } else if (known === undefined) {
      missing.push({ path, stat, index });
      if (missing.length === BATCH) await readMissing();
    } else {
      digests.setDigest(index, known);
    }
  }
  await readMissing();
  await reading;
  return digests;
}

type MissingDigest = ToDigest & { readonly index: number };

async function readBatch(
  root: Fd,
  missing: readonly MissingDigest[],
  digests: ContentDigests,
  cache: StatCache | undefined,
): Promise<void> {
  const readAt = Date.now();
  const paths = missing.map(({ path }) => `${path}\0`).join('');
  const found = await hashFiles(root, Buffer.from(paths, 'latin1'), { withAttributes: true });
  for (let at = 0; at < missing.length; at++) {
    const { path, stat, index } = missing[at]!;
    const digest = found.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES);
    cache?.set(path, stat, digest, readAt);
    digests.setDigest(index, digest);
  }
}

const NOTHING = Buffer.alloc(0);

/** The attributes a copy of a directory keeps, as bytes that differ when they do; `hashFiles` has the same for files. Setting one changes the ctime, so the cache covers them. */
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
