import { TsbuildError } from '../errors.js';
import { computeSha256By } from '../sha256.js';
import type { Fd, Path } from './paths.js';
import { nativeFile } from './program-files.js';

/** The native part of tsbuild is not built, or built for another processor or C library. */
export class NativeMissingError extends TsbuildError {
  readonly code = 'NATIVE_MISSING';

  constructor(
    readonly file: string,
    options?: ErrorOptions,
  ) {
    const reason = options?.cause instanceof Error ? `: ${options.cause.message}` : '';
    super(`Cannot load the native part "${file}"${reason}`, { ...options, hint: 'Build it with `npm run build`' });
  }
}

/**
 * What `tsbuild.node` exports, argument by argument: flags are numbers, every call returns or throws an Error with `code`,
 * `errno`, `syscall` and `path`. No policy; the typed doors of this folder add names, defaults and shapes.
 */
export interface Addon {
  openat2(dir: Fd, path: Path, flags: number, mode: number, resolve: number): Fd;
  mkdirat(dir: Fd, path: Path, mode: number): void;
  unlinkat(dir: Fd, path: Path, flags: number): void;
  renameat(fromDir: Fd, from: Path, toDir: Fd, to: Path, flags: number): void;
  symlinkat(target: Path, dir: Fd, path: Path): void;
  linkat(fromDir: Fd, from: Path, toDir: Fd, to: Path, flags: number): void;
  mknodat(dir: Fd, path: Path, mode: number, major: number, minor: number): void;
  fchownat(dir: Fd, path: Path, uid: number, gid: number, flags: number): void;
  fchmodat(dir: Fd, path: Path, mode: number): void;
  utimensat(dir: Fd, path: Path, atimeNs: bigint | null, mtimeNs: bigint | null, flags: number): void;
  readlinkat(dir: Fd, path: Path): Buffer;
  statat(dir: Fd, path: Path, flags: number): Stat;
  getXattr(fd: Fd, name: Path): Buffer | undefined;
  setXattr(fd: Fd, name: Path, value: Uint8Array): void;
  listXattrs(fd: Fd): Buffer[];
  removeXattr(fd: Fd, name: Path): void;
  syncfs(fd: Fd): void;
  syncfsAside(fd: Fd): Promise<void>;
  closeFd(fd: Fd): void;
  flockTry(fd: Fd, exclusive: boolean): boolean;
  flockUnlock(fd: Fd): void;
  /** Blocks on a thread of its own; `ticket` goes to `flockInterrupt`, after which `done` resolves to false. */
  flockWait(fd: Fd, exclusive: boolean): { done: Promise<boolean>; ticket: object };
  flockInterrupt(ticket: object): void;
  mountOverlay(
    lowers: readonly Fd[],
    upper: Fd | undefined,
    work: Fd | undefined,
    userxattr: boolean,
    readOnly: boolean,
    byString: boolean,
    uid: number | undefined,
    gid: number | undefined,
    label: string | undefined,
  ): Fd;
  cloneMount(dir: Fd, readOnly: boolean, recursive: boolean, shift: Fd | undefined): Fd;
  openUserNamespace(uidMap: string, gidMap: string): Fd;
  cloneInside(mount: Fd, path: Path): Fd;
  attachMount(mount: Fd, path: Path): void;
  unmount(path: Path): void;
  /** `descriptors` holds pairs: number here, number there. `exited` gives wait4's answer, `signal` 0 when there was none. */
  spawn(
    file: Path,
    argv: readonly Path[],
    env: readonly Path[],
    descriptors: readonly Fd[],
    cwd: Path | undefined,
    collected: Fd | undefined,
  ): { pid: number; pidfd: Fd; exited: Promise<RawExit> };
  pipe(): [readEnd: Fd, writeEnd: Fd];
  pidfdSendSignal(pidfd: Fd, signal: number): boolean;
  walk(dir: Fd, prune: readonly Buffer[]): Promise<PackedEntries>;
  readDirectory(dir: Fd, path: Path): PackedEntries;
  /** Of each entry `digests` has 32 bytes, `states` one: 0 where it is not known. Gives the offset of the record to look at next. */
  findDigests(
    records: Uint8Array,
    at: number,
    used: Uint8Array,
    data: ArrayBuffer,
    count: number,
    directory: Uint8Array,
    digests: Uint8Array,
    states: Uint8Array,
  ): number;
  /** Reads what has the state 0; gives all digests, and which directories among those that were read have attributes. */
  hashEntries(
    dir: Fd,
    data: ArrayBuffer,
    count: number,
    directory: Uint8Array,
    digests: Uint8Array,
    states: Uint8Array,
  ): Promise<{ digests: Buffer; withAttributes: number[] }>;
  /**
   * Of what {@link copyEntries} gave for a tree, the digests of files with the state 0, which becomes 2; `copied` may go on behind them.
   *
   * @returns how many of its bytes the tree has
   */
  takeDigests(copied: Uint8Array, data: ArrayBuffer, count: number, digests: Uint8Array, states: Uint8Array): number;
  /** Of what has another state than 1, unless it changed after `racyFromNs`. */
  statRecords(data: ArrayBuffer, count: number, directory: Uint8Array, digests: Uint8Array, states: Uint8Array, racyFromNs: bigint): Buffer;
  describeEntries(data: ArrayBuffer, count: number, digests: Uint8Array, owners: boolean, from: number, to: number): Buffer;
  sha256(bytes: Uint8Array, portable: boolean): Buffer;
  getrandom(size: number): Buffer;
  /**
   * `names` and `flags` of {@link copyEntries} for a tree without its sockets, from the directory `from` into `to`. With `states` a digest is
   * wanted of files with the state 0.
   */
  nameCopies(
    data: ArrayBuffer,
    count: number,
    from: Uint8Array,
    to: Uint8Array,
    states: Uint8Array | undefined,
  ): { names: Buffer; flags: Buffer };
  /**
   * `names` holds FROM NUL TO NUL per entry, `numbers` mode, uid, gid (NaN: as the source), `times` ns. `flags`: 1 the time counts, 2 it
   * may become another name of the file in `earlier`, 4 it is known to be a regular file with one name, 8 a digest is wanted.
   *
   * @returns as {@link hashEntries} digests files, 32 bytes for each entry, zeros where there is none; undefined where none is wanted
   */
  copyEntries(
    source: Fd,
    target: Fd,
    names: Uint8Array,
    numbers: Float64Array,
    times: BigInt64Array,
    flags: Uint8Array,
    modeMask: number,
    xattrs: boolean,
    earlier: Fd | undefined,
    direct: Fd | undefined,
    verbatim: boolean,
  ): Promise<Buffer | undefined>;
  probeFence(inside: Fd, outside: Fd): Promise<{ version: number; holds: boolean }>;
  removeTree(dir: Fd, name: Path): Promise<void>;
}

/**
 * Status of a file. Sizes in bytes, times in nanoseconds since 1970. `dev` is encoded as in `fs.Stats`; `ino` is exact up to
 * 2^53 (an overlay over several file systems may use the bits above).
 */
export interface Stat {
  readonly dev: number;
  readonly ino: number;
  /** Type and permission bits, as in `fs.Stats`. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface RawExit {
  readonly code: number;
  readonly signal: number;
  readonly maxRssKiB: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly collected: Buffer;
}

/**
 * Entries column by column in one buffer, in the byte order of the processor: `count` 64-bit integers each of mtimeNs and
 * ctimeNs, doubles of size, dev and ino, 32-bit integers of mode, uid, gid, nlink, rdevMajor, rdevMinor, offset of the path,
 * length of the path, length of the link target (which follows the path; 0: none); then the bytes of paths and targets.
 */
export interface PackedEntries {
  readonly count: number;
  readonly data: ArrayBuffer;
}

let loaded: unknown;

/**
 * The native addon, loaded at the first call; each worker thread loads it for itself.
 *
 * @typeParam T the part of its functions the caller uses; only the folders whose own native code registers further functions
 *   (layers: tar reader and extractor) name another type than `Addon`
 * @throws {NativeMissingError} not built, or for another processor or C library
 */
export function loadAddon<T = Addon>(): T {
  if (loaded === undefined) {
    const file = nativeFile('tsbuild.node');
    const module: { exports: unknown } = { exports: {} };
    try {
      // dlopen rather than require: it works alike in a module, in a bundle and in a worker.
      process.dlopen(module, file);
    } catch (error) {
      throw new NativeMissingError(file, { cause: error });
    }
    loaded = module.exports;
    const { sha256 } = module.exports as Addon;
    computeSha256By((data) => sha256(typeof data === 'string' ? Buffer.from(data) : data, false).toString('hex'));
  }
  return loaded as T;
}
