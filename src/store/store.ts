import type { Descriptor, Digest, ImageConfig, Manifest, Platform } from '../image/index.js';
import type { BlobStore } from './blobs.js';
import type { CollectResult } from './collect.js';
import type { ContainerRecords } from './containers.js';
import type { LayerRecords } from './layer-records.js';
import type { NameStore } from './names.js';
import type { Scratch } from './scratch.js';
import type { StepRecords } from './step-records.js';

export interface StoreOptions {
  /** Directory of everything that lasts. */
  readonly root: string;
  /** Directory of mounts and sockets of running commands; may vanish at reboot. */
  readonly runRoot: string;
  /** Leave syncfs and fsync out: a power failure may then lose what was just built, a killed process not. */
  readonly noSync?: boolean;
}

/** Lets go of a lock. Calling it twice does nothing. */
export type Release = () => void;

/** An image as its blobs say it is. */
export interface StoredImage {
  /** What the name points to: a manifest, or an index. */
  readonly descriptor: Descriptor;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
  /** Hexadecimal digits of the config's digest. */
  readonly imageId: string;
}

export interface RemoveImageResult {
  readonly untagged: readonly string[];
  /** Image ID, if the image itself went. */
  readonly deleted?: string;
}

/** The on-disk store. Opening takes no lock and, if there is nothing there, creates nothing; writers create what they need. */
export interface Store {
  readonly root: string;
  readonly runRoot: string;
  readonly blobs: BlobStore;
  readonly names: NameStore;
  readonly layers: LayerRecords;
  readonly cache: StepRecords;
  readonly containers: ContainerRecords;
  readonly scratch: Scratch;
  /** `<root>/snapshots`; its content belongs to the snapshot driver. */
  readonly snapshotsDir: string;
  /** `<root>/cache/mounts`: directories of RUN --mount=type=cache. */
  readonly cacheMountsDir: string;
  /** `<root>/cache/stat`: one file per build context. */
  readonly statCacheDir: string;
  /** Make the layout (version, oci-layout, directories) if it is not there. Every writing method does this by itself. */
  ensureLayout(): void;
  /**
   * Keep collection away. Every command that writes blobs or snapshots, or relies on those it found, holds this until it is done.
   * Waits while a collection runs. Sweeps temporary directories that killed commands left.
   */
  lockShared(options?: { readonly signal?: AbortSignal }): Promise<Release>;
  /** Be alone: waits until no command holds the store, and keeps new ones out. The same Store object must not hold the shared lock. */
  lockExclusive(options?: { readonly signal?: AbortSignal }): Promise<Release>;
  /**
   * Read manifest and config of an image; for an index, of the instance for `platform`.
   *
   * @throws {BlobNotFoundError} @throws {DigestMismatchError} the store was damaged
   */
  readImage(descriptor: Descriptor, platform?: Platform): StoredImage;
  /**
   * `rmi`. By name: the name goes, and the image with it if that was its last. By ID: the image and all its names.
   *
   * @throws {ImageNotFoundError}
   * @throws {ImageInUseError} used by a working container, or several names and given by ID, without `force`
   */
  removeImage(nameOrId: string, options: { readonly force: boolean }): Promise<RemoveImageResult>;
  /** Remove every blob, record and snapshot that no name, working container or cache record needs. */
  collect(options?: { readonly wait?: boolean; readonly signal?: AbortSignal }): Promise<CollectResult>;
  /** Read everything that is named and list what is wrong; empty when all is well. */
  check(): Promise<readonly string[]>;
  /** Let go of locks, remove this process's scratch directory, empty the trash as far as this user may. */
  close(): Promise<void>;
}
