import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { atomicWriteFile } from '../sys/index.js';
import type { EntryStat } from './selection.js';

// 16 bytes of magic; then records, each: length of the path (u16), path, dev ino size (f64), mtime ctime in ns (i64), mode (u32),
// sha256 (32 bytes); numbers little-endian.
const MAGIC = Buffer.from('tsbuild stat 1\n\n', 'latin1');
const FIXED_BYTES = 8 * 5 + 4 + 32;
const MAX_PATH_BYTES = 0xffff;
/** A file changed this shortly before it was read may change again without its times showing it. */
const RACY_MS = 2000;
/** Files that no build asks about any more may be remembered up to this many beyond those it does. */
const MAX_UNUSED = 10_000;

interface Known {
  readonly path: Buffer;
  readonly stat: Pick<EntryStat, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs' | 'mode'>;
  readonly digest: Buffer;
}

/**
 * Digests of files by what stat(2) says of them, kept in one file per build context. A file whose device, inode, size, times and mode
 * are those of last time is not read again.
 */
export class StatCache {
  readonly #known = new Map<string, Known>();
  readonly #used = new Set<string>();
  #changed = false;

  private constructor(readonly file: string) {}

  /** The cache of the context at `directory`; empty when there is none, or none that can be read. */
  static load(cacheDirectory: string, directory: string): StatCache {
    const cache = new StatCache(join(cacheDirectory, `${createHash('sha256').update(directory).digest('hex')}.bin`));
    let bytes: Buffer;
    try {
      bytes = readFileSync(cache.file);
    } catch {
      // Missing or not readable: as with a file of another version, or a damaged one, it only costs time.
      return cache;
    }
    if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) cache.#parse(bytes);
    return cache;
  }

  get(path: Buffer, stat: EntryStat): Buffer | undefined {
    const key = path.toString('latin1');
    this.#used.add(key);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    const { dev, ino, size, mtimeNs, ctimeNs, mode } = known.stat;
    const same =
      dev === stat.dev &&
      ino === stat.ino &&
      size === stat.size &&
      mtimeNs === stat.mtimeNs &&
      ctimeNs === stat.ctimeNs &&
      mode === stat.mode;
    return same ? known.digest : undefined;
  }

  /** @param readAtMs when reading the file began, milliseconds since 1970 */
  set(path: Buffer, stat: EntryStat, digest: Buffer, readAtMs: number): void {
    const newest = stat.mtimeNs > stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
    if (newest > BigInt(readAtMs - RACY_MS) * 1_000_000n || path.length > MAX_PATH_BYTES) return;
    const key = path.toString('latin1');
    this.#used.add(key);
    this.#known.set(key, { path, stat, digest });
    this.#changed = true;
  }

  /**
   * Writes the cache if it learned something. What was not asked about stays, since another Containerfile may, until it is much more than
   * what was: files of changing names would make the cache grow for ever. One that cannot be written (a full disk) only costs time.
   */
  save(): void {
    if (!this.#changed) return;
    if (this.#known.size > 2 * this.#used.size + MAX_UNUSED) {
      for (const key of this.#known.keys()) if (!this.#used.has(key)) this.#known.delete(key);
    }
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      atomicWriteFile(this.file, encode([...this.#known.values()]));
      this.#changed = false;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
    }
  }

  #parse(bytes: Buffer): void {
    for (let at = MAGIC.length; at + 2 <= bytes.length; ) {
      const length = bytes.readUInt16LE(at);
      const fixed = at + 2 + length;
      if (fixed + FIXED_BYTES > bytes.length) return;
      const path = bytes.subarray(at + 2, fixed);
      const stat = {
        dev: bytes.readDoubleLE(fixed),
        ino: bytes.readDoubleLE(fixed + 8),
        size: bytes.readDoubleLE(fixed + 16),
        mtimeNs: bytes.readBigInt64LE(fixed + 24),
        ctimeNs: bytes.readBigInt64LE(fixed + 32),
        mode: bytes.readUInt32LE(fixed + 40),
      };
      this.#known.set(path.toString('latin1'), { path, stat, digest: bytes.subarray(fixed + 44, fixed + FIXED_BYTES) });
      at = fixed + FIXED_BYTES;
    }
  }
}

function encode(all: readonly Known[]): Buffer {
  const size = all.reduce((sum, { path }) => sum + 2 + path.length + FIXED_BYTES, MAGIC.length);
  const bytes = Buffer.alloc(size);
  MAGIC.copy(bytes);
  let at = MAGIC.length;
  for (const { path, stat, digest } of all) {
    bytes.writeUInt16LE(path.length, at);
    bytes.set(path, at + 2);
    const fixed = at + 2 + path.length;
    bytes.writeDoubleLE(stat.dev, fixed);
    bytes.writeDoubleLE(stat.ino, fixed + 8);
    bytes.writeDoubleLE(stat.size, fixed + 16);
    bytes.writeBigInt64LE(stat.mtimeNs, fixed + 24);
    bytes.writeBigInt64LE(stat.ctimeNs, fixed + 32);
    bytes.writeUInt32LE(stat.mode, fixed + 40);
    bytes.set(digest, fixed + 44);
    at = fixed + FIXED_BYTES;
  }
  return bytes;
}
