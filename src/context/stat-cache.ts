import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256Hex } from '../sha256.js';
import { atomicWriteFile, type EntryDigests, findDigests, KNOWN, statRecords } from '../sys/index.js';
import type { EntryStat } from './selection.js';

// 16 bytes of magic; then records in the order of their paths' bytes, each: length of the path (u16), path, dev ino size (f64), mtime
// ctime in ns (i64), mode (u32), sha256 (32 bytes); numbers little-endian.
const MAGIC = Buffer.from('tsbuild stat 2\n\n', 'latin1');
const DIGEST_BYTES = 32;
const FIXED_BYTES = 8 * 5 + 4 + DIGEST_BYTES;
/** Less than any record has, so that an offset divided by it tells records apart. */
const LEAST_RECORD_BYTES = 64;
const LEAST_FRESH_BYTES = 4096;
const MAX_PATH_BYTES = 0xffff;
/** A file changed this shortly before it was read may change again without its times showing it. */
const RACY_MS = 2000;
/** Of trees of fewer entries each is looked up by itself: their order among each other may be any. */
const FEW = 1024;
const NO_RECORDS = new Uint8Array(0);
/** Files that no build asks about any more may be remembered up to this many beyond those it does. */
const MAX_UNUSED = 10_000;

/**
 * Digests of files by what stat(2) says of them, kept in one file per build context. A file whose device, inode, size, times and mode
 * are those of last time is not read again. Records stay the bytes they are on disk: a context may have more files than objects are good for.
 */
export class StatCache {
  /** The file as it was found. */
  readonly #bytes: Buffer;
  /** Where the records of `#bytes` end. */
  readonly #end: number;
  /** What was learned since: records one after the other, and where they are by path. */
  #fresh = Buffer.alloc(0);
  // Buffer takes 64 bits apart with arithmetic on BigInts, several times as slow.
  #freshView = viewOf(this.#fresh);
  readonly #view: DataView;
  #freshEnd = 0;
  /** Where there are runs of records in the order of their paths that are not in `#learned` yet. */
  #unindexed: { readonly start: number; readonly end: number }[] = [];
  readonly #learned = new Map<string, number>();
  /** A byte for each record of `#bytes`, by its offset: somebody asked for it. */
  readonly #used: Uint8Array;
  /** Paths are asked for in the order of the records, mostly: where the next one should be, and the path before it. */
  #next = MAGIC.length;
  #last = '';
  /** The moment that was given last, and from when on times are too young for it. */
  #readAtMs = Number.NaN;
  #racyFromNs = 0n;
  /** Offsets by path, once they were asked for in another order. */
  #index: Map<string, number> | undefined;

  private constructor(
    readonly file: string,
    bytes: Buffer,
  ) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#end = endOfRecords(bytes);
    this.#used = new Uint8Array(Math.ceil(bytes.length / LEAST_RECORD_BYTES));
  }

  /** The cache of the context at `directory`; empty when there is none, or none that can be read. */
  static load(cacheDirectory: string, directory: string): StatCache {
    const file = join(cacheDirectory, `${sha256Hex(directory)}.bin`);
    try {
      const bytes = readFileSync(file);
      if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) return new StatCache(file, bytes);
    } catch {
      // Missing or not readable: as with a file of another version, or a damaged one, it only costs time.
    }
    return new StatCache(file, MAGIC);
  }

  /** Fills in what is known of the entries of a tree. */
  find(known: EntryDigests): void {
    const { tree, states } = known;
    if (tree.length >= FEW) {
      // In another order than last time it begins anew.
      if (pathOf(known, 0) < this.#last) this.#next = MAGIC.length;
      this.#next = findDigests(known, this.#bytes.subarray(0, this.#end), this.#next, this.#used);
      this.#last = pathOf(known, tree.length - 1);
      for (const { start, end } of this.#unindexed) findDigests(known, this.#fresh.subarray(start, end), 0, NO_RECORDS);
      return;
    }
    for (let index = 0; index < tree.length; index++) {
      if (states[index] === KNOWN) continue;
      const found = this.get(pathOf(known, index), tree.at(index));
      if (found === undefined) continue;
      known.digests.set(found, index * DIGEST_BYTES);
      states[index] = KNOWN;
    }
  }

  /**
   * Keeps the digests of the entries that were not known before.
   *
   * @param readAtMs before reading began, milliseconds since 1970
   */
  learn(known: EntryDigests, readAtMs: number): void {
    const { tree, states, digests } = known;
    if (tree.length >= FEW) {
      const records = statRecords(known, BigInt(readAtMs - RACY_MS) * 1_000_000n);
      if (records.length === 0) return;
      const start = this.#reserve(records.length);
      records.copy(this.#fresh, start);
      this.#unindexed.push({ start, end: this.#freshEnd });
      return;
    }
    for (let index = 0; index < tree.length; index++) {
      if (states[index] === KNOWN) continue;
      const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
      this.set(pathOf(known, index), tree.at(index), digest, readAtMs);
    }
  }

  /** @param path its bytes as latin1 */
  get(path: string, { dev, ino, size, mtimeNs, ctimeNs, mode }: EntryStat): Buffer | undefined {
    this.#indexLearned();
    const learned = this.#learned.get(path);
    const at = learned ?? this.#find(path);
    if (at === undefined) return undefined;
    const bytes = learned === undefined ? this.#bytes : this.#fresh;
    const view = learned === undefined ? this.#view : this.#freshView;
    const fixed = at + 2 + bytes.readUInt16LE(at);
    const same =
      dev === view.getFloat64(fixed, true) &&
      ino === view.getFloat64(fixed + 8, true) &&
      size === view.getFloat64(fixed + 16, true) &&
      mtimeNs === view.getBigInt64(fixed + 24, true) &&
      ctimeNs === view.getBigInt64(fixed + 32, true) &&
      mode === view.getUint32(fixed + 40, true);
    return same ? bytes.subarray(fixed + 44, fixed + FIXED_BYTES) : undefined;
  }

  /**
   * @param path its bytes as latin1
   * @param readAtMs when reading the file began, milliseconds since 1970
   */
  set(path: string, stat: EntryStat, digest: Uint8Array, readAtMs: number): void {
    const newest = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
    if (readAtMs !== this.#readAtMs) {
      this.#readAtMs = readAtMs;
      this.#racyFromNs = BigInt(readAtMs - RACY_MS) * 1_000_000n;
    }
    if (newest > this.#racyFromNs || path.length > MAX_PATH_BYTES) return;
    const at = this.#reserve(2 + path.length + FIXED_BYTES);
    writeRecord(this.#fresh, this.#freshView, at, path, stat, digest);
    this.#indexLearned();
    this.#learned.set(path, at);
  }

  /** Room for so many bytes behind what was learned. */
  #reserve(bytes: number): number {
    const at = this.#freshEnd;
    this.#freshEnd += bytes;
    if (this.#freshEnd > this.#fresh.length) {
      this.#fresh = Buffer.concat([this.#fresh.subarray(0, at)], Math.max(2 * at, this.#freshEnd, LEAST_FRESH_BYTES));
      this.#freshView = viewOf(this.#fresh);
    }
    return at;
  }

  #indexLearned(): void {
    for (const { start, end } of this.#unindexed) {
      for (const { path, at } of recordsIn(this.#fresh, start, end)) this.#learned.set(path, at);
    }
    this.#unindexed = [];
  }

  /**
   * Writes the cache if it learned something. What was not asked about stays, since another Containerfile may, until it is much more than
   * what was: files of changing names would make the cache grow for ever. One that cannot be written (a full disk) only costs time.
   */
  save(): void {
    if (this.#freshEnd === 0) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      atomicWriteFile(this.file, this.#merged());
      this.#learned.clear();
      this.#unindexed = [];
      this.#freshEnd = 0;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
    }
  }

  /** The old records and the new ones in the order of their paths. */
  #merged(): Buffer {
    const [only, ...others] = this.#unindexed;
    if (this.#end === MAGIC.length && this.#learned.size === 0 && only !== undefined && others.length === 0)
      return Buffer.concat([MAGIC, this.#fresh.subarray(only.start, only.end)]);
    this.#indexLearned();
    const fresh = [...this.#learned].sort(([a], [b]) => (a < b ? -1 : 1));
    const old = [...this.#records()].filter(({ path }) => !this.#learned.has(path));
    const isUsed = ({ at }: Located): boolean => this.#used[Math.floor(at / LEAST_RECORD_BYTES)] === 1;
    const used = old.filter(isUsed).length + fresh.length;
    const kept = old.length + fresh.length > 2 * used + MAX_UNUSED ? old.filter(isUsed) : old;
    const merged = Buffer.allocUnsafe(this.#end + this.#freshEnd);
    let size = MAGIC.copy(merged);
    let next = 0;
    const addFresh = (before?: string): void => {
      for (; next < fresh.length && (before === undefined || fresh[next]![0] < before); next++) {
        const [path, at] = fresh[next]!;
        size += this.#fresh.copy(merged, size, at, at + 2 + path.length + FIXED_BYTES);
      }
    };
    for (const { path, at, end } of kept) {
      addFresh(path);
      size += this.#bytes.copy(merged, size, at, end);
    }
    addFresh();
    return merged.subarray(0, size);
  }

  #find(path: string): number | undefined {
    if (this.#index === undefined && path < this.#last)
      this.#index = new Map([...this.#records()].map((record) => [record.path, record.at]));
    const at = this.#index === undefined ? this.#findNext(path) : this.#index.get(path);
    if (at !== undefined) this.#used[Math.floor(at / LEAST_RECORD_BYTES)] = 1;
    return at;
  }

  #findNext(path: string): number | undefined {
    this.#last = path;
    while (this.#next < this.#end) {
      const { path: found, at, end } = recordAt(this.#bytes, this.#next);
      if (found > path) return undefined;
      if (found === path) return at;
      this.#next = end;
    }
    return undefined;
  }

  #records(): Generator<Located> {
    return recordsIn(this.#bytes, MAGIC.length, this.#end);
  }
}

interface Located {
  readonly path: string;
  readonly at: number;
  readonly end: number;
}

function* recordsIn(bytes: Buffer, start: number, stop: number): Generator<Located> {
  for (let at = start; at < stop; ) {
    const record = recordAt(bytes, at);
    yield record;
    at = record.end;
  }
}

function recordAt(bytes: Buffer, at: number): Located {
  const pathEnd = at + 2 + bytes.readUInt16LE(at);
  return { path: bytes.toString('latin1', at + 2, pathEnd), at, end: pathEnd + FIXED_BYTES };
}

/** Its bytes as latin1. */
function pathOf({ tree, directory }: EntryDigests, index: number): string {
  const { path } = tree.at(index);
  const [above, below] = [directory.toString('latin1'), path.toString('latin1')];
  return above === '' || below === '' ? above + below : `${above}/${below}`;
}

/** A file that was cut short ends with its last whole record. */
function endOfRecords(bytes: Buffer): number {
  let at = MAGIC.length;
  while (at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16LE(at) + FIXED_BYTES;
    if (end > bytes.length) break;
    at = end;
  }
  return at;
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function writeRecord(
  bytes: Buffer,
  view: DataView,
  at: number,
  path: string,
  { dev, ino, size, mtimeNs, ctimeNs, mode }: EntryStat,
  digest: Uint8Array,
): void {
  bytes.writeUInt16LE(path.length, at);
  bytes.write(path, at + 2, 'latin1');
  const fixed = at + 2 + path.length;
  view.setFloat64(fixed, dev, true);
  view.setFloat64(fixed + 8, ino, true);
  view.setFloat64(fixed + 16, size, true);
  view.setBigInt64(fixed + 24, mtimeNs, true);
  view.setBigInt64(fixed + 32, ctimeNs, true);
  view.setUint32(fixed + 40, mode, true);
  bytes.set(digest, fixed + 44);
}
