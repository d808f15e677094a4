import { type Fd, loadAddon } from '../sys/index.js';

/** Digests in hexadecimal digits without an algorithm, and what was counted on the way. */
export interface NativeLayerFacts {
  readonly diffId: string;
  readonly contentDigest: string;
  /** Of the uncompressed tar. */
  readonly bytes: number;
  /** Whiteouts and opaque marks included. */
  readonly entries: number;
}

export interface NativeExtractedFacts extends NativeLayerFacts {
  readonly implied: readonly Buffer[];
  readonly hidesAll: boolean;
}

/**
 * Makes the tar stream of an upper directory on threads of its own. Its methods block: call them in a worker thread.
 * A failing call throws an Error with `code` (an errno name, `UNSUPPORTED` or `FILE_CHANGED`) and `entry`.
 */
export interface TarReader {
  /** Bytes in the next block of the memory, 0 at the end. The one before may be filled again then. */
  next(): number;
  /** To be called after `next` gave 0. */
  finish(): NativeLayerFacts;
  /** Stop the threads and close the descriptors; to be called in the end too. A later call throws ECANCELED. */
  cancel(): void;
}

/** Writes and hashes, on other threads, what is put into blocks of memory one after the other. Its methods block. */
export interface BlobWriter {
  /** So many bytes of the block being filled; when this returns the next one may be. */
  publish(length: number): void;
  /** With the last bytes; digest in hexadecimal digits. */
  finish(length: number): { readonly digest: string; readonly size: number };
  /** As that of `TarReader`. */
  cancel(): void;
}

/** Makes the entries of a tar stream real on threads of its own; throws as `TarReader`, with `ARCHIVE_INVALID` and `PATH_ESCAPE` too. */
export interface Extractor {
  /** The bytes are copied, or decompressed. Blocks while the file system is behind. */
  write(bytes: Uint8Array): void;
  finish(): NativeExtractedFacts;
  /** As that of `TarReader`; what was made so far stays. */
  cancel(): void;
}

interface LayerAddon {
  readonly TarReader: new (
    upper: Fd,
    trusted: boolean,
    lowers: readonly Fd[] | undefined,
    rootMode: number,
    rootUid: number,
    rootGid: number,
    clampSeconds: number | undefined,
    forceSeconds: number | undefined,
    /** FROM NUL TO NUL of each entry, instead of all of `upper`; `kinds` and `numbers` (mode, uid, gid; NaN: the file's own) go with it. */
    names: Uint8Array | undefined,
    kinds: Uint8Array | undefined,
    numbers: Float64Array | undefined,
    /** The entries lie in this directory, and come in addition to all of `upper`. */
    addedFrom: Fd | undefined,
    /** Of `BlockMemory`, as that of `BlobWriter`; not looked at by anybody else before `cancel`. */
    memory: Buffer,
    /** Its bytes are hashed along with those of the tar. */
    blob: BlobWriter | undefined,
  ) => TarReader;
  readonly BlobWriter: new (fd: Fd, memory: Buffer) => BlobWriter;
  readonly Extractor: new (
    target: Fd,
    overlay: '' | 'user' | 'trusted' | 'copy',
    lowers: readonly Fd[],
    prefix: string | Buffer,
    uid: number | undefined,
    gid: number | undefined,
    requireEnd: boolean,
    gzip: boolean,
  ) => Extractor;
  readonly adoptAttributes: (target: Fd, overlay: 'user' | 'trusted', lowers: readonly Fd[], paths: readonly Uint8Array[]) => void;
}

export function layerAddon(): LayerAddon {
  return loadAddon<LayerAddon>();
}

/** Node's name for the error a native call threw; `SYSTEM` for anything without one. */
export function nativeErrorOf(error: unknown): { readonly code: string; readonly message: string; readonly entry: string | undefined } {
  if (!(error instanceof Error)) return { code: 'SYSTEM', message: String(error), entry: undefined };
  const { code, entry } = error as Error & { code?: unknown; entry?: unknown };
  return {
    code: typeof code === 'string' ? code : 'SYSTEM',
    message: error.message,
    // Names need not be UTF-8; for people they are shown as if they were.
    entry: entry instanceof Uint8Array && entry.length > 0 ? Buffer.from(entry).toString() : undefined,
  };
}
