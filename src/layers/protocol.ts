/** What the main thread and a layer worker say to each other. Everything is plain data; errors travel as `WorkerFailure`. */
import type { Compression } from '../image/index.js';
import type { Fd } from '../sys/index.js';
import type { PackedList } from './layer-list.js';

export interface WriteJob {
  readonly kind: 'write';
  readonly upper: Fd;
  /** Instead of all of `upper`. */
  readonly list: PackedList | undefined;
  /** The list's files lie here, and come in addition to all of `upper`. */
  readonly addedFrom: Fd | undefined;
  readonly overlayXattrs: 'user' | 'trusted';
  readonly lowers: readonly Fd[] | undefined;
  readonly rootMode: number;
  readonly rootUid: number;
  readonly rootGid: number;
  readonly clampSeconds: number | undefined;
  readonly forceSeconds: number | undefined;
  readonly compression: Compression;
  readonly level: number | undefined;
  readonly file: string;
}

export interface ExtractJob {
  readonly kind: 'extract';
  /** File to read, a descriptor of one that is still being written, or undefined when the bytes come as `chunk` messages. */
  readonly file: string | { readonly growing: Fd } | undefined;
  readonly compression: Compression;
  readonly target: Fd;
  /** '' for a plain archive. */
  readonly overlay: '' | 'user' | 'trusted' | 'copy';
  readonly lowers: readonly Fd[];
  readonly prefix: Uint8Array;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly requireEnd: boolean;
}

/** Nothing but the digest of the uncompressed bytes. */
export interface DigestJob {
  readonly kind: 'digest';
  readonly file: string;
  readonly compression: Compression;
}

export type Job = WriteJob | ExtractJob | DigestJob;

export type ToWorker =
  /** `stop` is a shared word that turns 1 when the job is not wanted any more; a busy worker cannot hear a message. */
  | { readonly kind: 'job'; readonly job: Job; readonly stop: Int32Array }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** So many bytes of the growing file are there. */
  | { readonly kind: 'grown'; readonly bytes: number }
  | { readonly kind: 'end' }
  /** No more chunks will come, and the job is to fail; the main thread knows why. */
  | { readonly kind: 'broken' };

export type FromWorker =
  | { readonly kind: 'hashed'; readonly facts: LayerFacts }
  /** One chunk is used up, the next may come. */
  | { readonly kind: 'want' }
  | { readonly kind: 'written'; readonly facts: LayerFacts; readonly digest: string; readonly size: number }
  | { readonly kind: 'extracted'; readonly facts: ExtractedFacts }
  | { readonly kind: 'digested'; readonly digest: string; readonly bytes: number }
  | { readonly kind: 'failed'; readonly failure: WorkerFailure };

/** Digests without algorithm; bytes of the uncompressed tar. */
export interface LayerFacts {
  readonly diffId: string;
  readonly contentDigest: string;
  readonly bytes: number;
  readonly entries: number;
}

export interface ExtractedFacts extends LayerFacts {
  /** Paths of directories that had no entry of their own, '' the root: their attributes come from the layers below. */
  readonly implied: readonly Uint8Array[];
  /** True when the layer hides all that is below it. */
  readonly hidesAll: boolean;
}

export interface WorkerFailure {
  /** An `ErrorCode` of the layer errors, or the name of an errno. */
  readonly code: string;
  readonly message: string;
  readonly entry: string | undefined;
}

/** Chunks that may be under way to a worker at once. */
export const CHUNK_WINDOW = 4;
