import type { Descriptor, DiffId } from '../image/index.js';
import type { RootAttributes } from '../layers/index.js';

/** A layer that can be extracted: its uncompressed identity and a blob of the store that holds it. */
export interface LayerSource {
  readonly diffId: DiffId;
  /** Left out: the blob named by the store's layer record. */
  readonly descriptor?: Descriptor;
}

/** A place for what a step writes: an overlay's upper and work directories, next to each other in `dir`. */
export interface WorkingLayer {
  readonly dir: string;
  readonly upper: string;
  readonly work: string;
}

/** Root file systems made from layers. A chain is the diff ids of an image, base first. */
export interface SnapshotDriver {
  /** True when every layer of the chain is extracted. */
  has(chain: readonly DiffId[]): boolean;
  /**
   * Directories for the lower side of an overlay, top first. Layers of nothing have none; a chain without any directory (scratch) gives
   * one empty directory, so there is always at least one.
   */
  lowers(chain: readonly DiffId[]): string[];
  /**
   * Extract what is missing, so that has() holds for the chain of `layers`.
   * Atomic per layer and safe against other processes doing the same.
   *
   * @param layers base first
   * @throws {DigestMismatchError} a blob, or the tar stream in it, is not what was promised
   * @throws {BlobNotFoundError}
   */
  ensure(layers: readonly LayerSource[], options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * A new working layer in this process's scratch directory. Its upper directory has the attributes of the root of `lowers`.
   *
   * @param lowers directories, top first, at least one
   */
  prepare(lowers: readonly string[]): Promise<WorkingLayer>;
  /** The same upper directory with a work directory of its own: overlay mounts a work directory once. */
  reopen(working: WorkingLayer): Promise<WorkingLayer>;
  /** Owner and mode of the root that `lowers` (top first, at least one) show, also where this user could not give them to the directory. */
  rootAttributes(lowers: readonly string[]): RootAttributes;
  /**
   * Make a working layer's upper directory the snapshot of `chain` (whose last diff id is the layer's) by rename. It must not be mounted
   * any more. If the snapshot is there already, the upper directory is thrown away: the outcome is the same.
   */
  publish(working: WorkingLayer, chain: readonly DiffId[]): void;
  /** Throw a working layer away. */
  discard(working: WorkingLayer): void;
  /**
   * Mount the merged view, detached: it goes when the descriptor is closed. Without `working` it is read-only.
   * Needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace.
   *
   * @returns a descriptor of the root; the caller closes it
   */
  openMerged(lowers: readonly string[], working?: WorkingLayer): Promise<number>;
}
