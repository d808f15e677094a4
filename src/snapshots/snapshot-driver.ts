import type { Descriptor, DiffId } from '../image/index.js';
import type { GrowingFile, LayerEntry, RootAttributes } from '../layers/index.js';
import type { CopyShift, Shift } from './shift.js';

/** A layer that can be extracted: its uncompressed identity and a blob of the store that holds it. */
export interface LayerSource {
  readonly diffId: DiffId;
  /** Left out: the blob named by the store's layer record. */
  readonly descriptor?: Descriptor;
  /** The blob while it is on its way into the store; asked for when the layer has to be extracted, and closed then. Undefined: it is there. */
  readonly arriving?: () => Promise<GrowingFile | undefined>;
}

/** How root file systems are made: by overlay mounts, or by copies (`vfs`) where the kernel or the store's file system has none. */
export type StorageDriver = 'overlay' | 'vfs';

/**
 * A place for what a step writes: `upper` and `work`, next to each other in `dir`. Of an overlay its two directories; of a copy the whole
 * root file system, and notes about how it was in the beginning.
 */
export interface WorkingLayer {
  readonly dir: string;
  readonly upper: string;
  readonly work: string;
}

export interface PrepareOptions {
  /**
   * Nothing that is there will be written to in place, only replaced, and the layer is sealed before anything else runs on it: a copy may
   * then share files with the snapshot it is made from. Never for a command of an image.
   */
  readonly onlyReplaced?: boolean;
}

/** What a sandbox mounts as its root. */
export type MountedRoot =
  | { readonly lowers: readonly string[]; readonly upper: string; readonly work: string; readonly overlayXattrs: 'user' | 'trusted' }
  | { readonly directory: string };

/** Root file systems made from layers. A chain is the diff ids of an image, base first. */
export interface SnapshotDriver {
  readonly kind: StorageDriver;
  /** True when every layer of the chain is extracted. */
  has(chain: readonly DiffId[]): boolean;
  /**
   * Directories for the lower side of an overlay, top first; of copies the one that holds the whole. Layers of nothing have none; a chain
   * without any directory (scratch) gives one empty directory, so there is always at least one.
   */
  lowers(chain: readonly DiffId[]): string[];
  /**
   * Extract what is missing, several layers at once, so that has() holds for the chain of `layers`.
   * Atomic per layer and safe against other processes doing the same; a layer is there only when those under it are.
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
  prepare(lowers: readonly string[], options?: PrepareOptions): Promise<WorkingLayer>;
  /**
   * Directories that hold what those of `lowers` do, with owners as a command shall find them. They stay until this process ends.
   *
   * @throws {UnsupportedFeatureError} there are none for this driver, or for an owner
   */
  shifted(lowers: readonly string[], shift: CopyShift): Promise<string[]>;
  /** What a command is given as its root, to write into `working`. */
  rootfs(lowers: readonly string[], working: WorkingLayer): MountedRoot;
  /**
   * What the working layer adds to `lowers`, where its upper directory holds more than that; undefined where it is just that. The layer
   * must not be mounted any more.
   */
  changes(lowers: readonly string[], working: WorkingLayer): Promise<readonly LayerEntry[] | undefined>;
  /** The same upper directory, with a work directory of its own where one can be used only once (overlay). */
  reopen(working: WorkingLayer): Promise<WorkingLayer>;
  /** Owner and mode of the root that `lowers` (top first, at least one) show, also where this user could not give them to the directory. */
  rootAttributes(lowers: readonly string[]): RootAttributes;
  /**
   * Make a working layer's upper directory the snapshot of `chain` (whose last diff id is the layer's) by rename. It must not be mounted
   * any more. If the snapshot is there already, the upper directory goes with this process: the outcome is the same.
   */
  publish(working: WorkingLayer, chain: readonly DiffId[]): void;
  /** Throw a working layer away. */
  discard(working: WorkingLayer): void;
  /**
   * Mount the merged view, detached: it goes when the descriptor is closed. Without `working` it is read-only.
   * Needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace.
   *
   * @param shift as whom owners are shown; left out: as they are. By mounts, with an overlay, it needs Linux 6.15; by copies, `working` has
   *   the owners outside from now on
   * @param label SELinux context of every file; copies keep those they have
   * @returns a descriptor of the root; the caller closes it
   */
  openMerged(lowers: readonly string[], working?: WorkingLayer, shift?: Shift, label?: string): Promise<number>;
}
