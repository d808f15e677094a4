import { loadAddon, type PackedEntries } from './addon.js';
import type { Fd, Path } from './paths.js';

/** One file of a tree. Sizes in bytes, times in nanoseconds since 1970; ids as this user namespace sees them. */
export interface TreeEntry {
  /** Relative to the directory that was walked, no leading `./`, no trailing slash; raw bytes, a view that lives as long as the tree. */
  readonly path: Buffer;
  /** Type and permission bits, as in `fs.Stats`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Encoded as in `fs.Stats`. */
  readonly dev: number;
  /** Exact up to 2^53. */
  readonly ino: number;
  readonly nlink: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  /** Text of a symbolic link. */
  readonly linkTarget?: Buffer;
}

/** Entries in the order of their paths' bytes, so that a directory comes before what it holds. */
export interface Tree extends Iterable<TreeEntry> {
  readonly length: number;
  /** For calls of the addon that go through all of them. */
  readonly packed: PackedEntries;
  /** @throws {RangeError} no such index */
  at(index: number): TreeEntry;
}

/**
 * Every entry below the directory `dir`, itself excluded. Links are never followed, mount points are entered. Entries that vanish
 * meanwhile are left out. Works on the descriptor of a detached mount, and on an `O_PATH` descriptor.
 *
 * @param options.prune paths of directories to report without what they hold
 * @throws EACCES, ... with the path of a directory that cannot be read
 */
export async function walk(dir: Fd, options: { readonly prune?: readonly Buffer[] } = {}): Promise<Tree> {
  return new PackedTree(await loadAddon().walk(dir, options.prune ?? []));
}

/**
 * The entries of one directory, in the order of their names' bytes; each entry's `path` is its name. `path` is resolved with
 * `dir` as the root: links in its parents stay inside, a link in the last component is refused; empty means `dir` itself.
 *
 * @throws ENOENT, ENOTDIR (not a directory, or a link), EACCES, ...
 */
export function readDirectory(dir: Fd, path: Path = ''): Tree {
  return new PackedTree(loadAddon().readDirectory(dir, path));
}

/** What a tree is made of by {@link packTree}. */
export interface EntryToPack {
  readonly path: Buffer;
  readonly stat: Omit<TreeEntry, 'path' | 'linkTarget'>;
  readonly linkTarget?: Buffer | undefined;
}

/** Entries that were chosen one by one as a tree, in the order in which they are given. */
export function packTree(entries: readonly EntryToPack[]): Tree {
  const count = entries.length;
  const bytes = entries.reduce((sum, { path, linkTarget }) => sum + path.length + (linkTarget?.length ?? 0), 0);
  const data = new ArrayBuffer(BYTES_EACH * count + bytes);
  const times = new BigInt64Array(data, 0, 2 * count);
  const doubles = new Float64Array(data, 16 * count, 3 * count);
  const words = new Uint32Array(data, 40 * count, 9 * count);
  const names = new Uint8Array(data, BYTES_EACH * count);
  let used = 0;
  entries.forEach(({ path, stat, linkTarget = NOTHING }, index) => {
    [stat.mtimeNs, stat.ctimeNs].forEach((time, column) => {
      times[column * count + index] = time;
    });
    [stat.size, stat.dev, stat.ino].forEach((number, column) => {
      doubles[column * count + index] = number;
    });
    const { mode, uid, gid, nlink, rdevMajor, rdevMinor } = stat;
    [mode, uid, gid, nlink, rdevMajor, rdevMinor, used, path.length, linkTarget.length].forEach((word, column) => {
      words[column * count + index] = word;
    });
    names.set(path, used);
    names.set(linkTarget, used + path.length);
    used += path.length + linkTarget.length;
  });
  return new PackedTree({ count, data });
}

const NOTHING = Buffer.alloc(0);
/** Of a {@link PackedEntries}, without names. */
const BYTES_EACH = 76;

/** Reads the columns that `PackedEntries` describes; an entry becomes an object only when it is asked for. */
class PackedTree implements Tree {
  readonly length: number;
  readonly #times: BigInt64Array;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;

  constructor(readonly packed: PackedEntries) {
    const { count, data } = packed;
    this.length = count;
    this.#times = new BigInt64Array(data, 0, 2 * count);
    this.#doubles = new Float64Array(data, 16 * count, 3 * count);
    this.#words = new Uint32Array(data, 40 * count, 9 * count);
    this.#bytes = Buffer.from(data, BYTES_EACH * count);
  }

  at(index: number): TreeEntry {
    const n = this.length;
    if (!Number.isInteger(index) || index < 0 || index >= n) throw new RangeError(`No entry ${index} in a tree of ${n}`);
    // No function to read a column by: this runs for every file of every tree, and making one costs more than all the columns.
    const words = this.#words;
    const doubles = this.#doubles;
    const start = words[6 * n + index]!;
    const end = start + words[7 * n + index]!;
    const entry = {
      path: this.#bytes.subarray(start, end),
      mode: words[index]!,
      uid: words[n + index]!,
      gid: words[2 * n + index]!,
      size: doubles[index]!,
      mtimeNs: this.#times[index]!,
      ctimeNs: this.#times[n + index]!,
      dev: doubles[n + index]!,
      ino: doubles[2 * n + index]!,
      nlink: words[3 * n + index]!,
      rdevMajor: words[4 * n + index]!,
      rdevMinor: words[5 * n + index]!,
    };
    const linkLength = words[8 * n + index]!;
    return linkLength === 0 ? entry : { ...entry, linkTarget: this.#bytes.subarray(end, end + linkLength) };
  }

  *[Symbol.iterator](): Iterator<TreeEntry> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}
