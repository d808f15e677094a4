import { resolve } from 'node:path';
import { hasCode } from '../errors.js';
import type { Descriptor, Platform } from '../image/index.js';
import { type BlobStore, openBlobs } from './blobs.js';
import { type BuildLogs, openBuildLogs } from './build-logs.js';
import { type CacheMounts, openCacheMounts } from './cache-mounts.js';
import { type CollectedParts, type CollectOptions, type CollectResult, markAndSweep } from './collect.js';
import { type ContainerRecords, openContainers } from './containers.js';
import { type DamagedFile, listDamagedFiles } from './damaged-files.js';
import { type LayerRecords, openLayerRecords } from './layer-records.js';
import { checkLayout, ensureLayout, layoutOf } from './layout.js';
import { acquireLock, type Release, tryLock } from './locks.js';
import { type NameStore, openNames } from './names.js';
import { imageIdsOf, readImage, type StoredImage } from './read-image.js';
import { type References, referencedBy } from './references.js';
import { type RemoveImageResult, removeImage } from './remove-image.js';
import { emptyTrash, openScratch, type Scratch, sweepScratch } from './scratch.js';
import { openSelectionLists, type SelectionLists } from './selection-lists.js';
import { openStepLog, type StepLog } from './step-logs.js';
import { openStepRecords, type StepRecords } from './step-records.js';
import { openStepSites, type StepSites } from './step-sites.js';
import { measureStore, type StoreUsage } from './usage.js';
import { lockWork, type WorkLock, type WorkLockOptions } from './work-locks.js';
import { writeBackDuring } from './write-back.js';

export interface StoreOptions {
  /** Directory of everything that lasts. */
  readonly root: string;
  /** Directory of mounts and sockets of running commands; may vanish at reboot. */
  readonly runRoot: string;
  /** Leave syncfs and fsync out: a power failure may then lose what was just built, a killed process not. */
  readonly noSync?: boolean;
  /** Registries that a short name may have come from; Docker Hub alone if left out. */
  readonly searchRegistries?: readonly string[];
}

/** The on-disk store. Opening takes no lock and, if there is nothing there, creates nothing; writers create what they need. */
export interface Store {
  readonly root: string;
  readonly runRoot: string;
  readonly blobs: BlobStore;
  readonly names: NameStore;
  readonly layers: LayerRecords;
  readonly cache: StepRecords;
  /** Which records stood where: for explanations alone. */
  readonly sites: StepSites;
  readonly selections: SelectionLists;
  readonly builds: BuildLogs;
  readonly containers: ContainerRecords;
  readonly scratch: Scratch;
  /** `<root>/snapshots`; its content belongs to the snapshot driver. */
  readonly snapshotsDir: string;
  /** Directories of RUN --mount=type=cache. */
  readonly cacheMounts: CacheMounts;
  /** `<root>/cache/stat`: one file per build context. */
  readonly statCacheDir: string;
  /** A new file for what a step's command prints; it is made by the first write. */
  openStepLog(): StepLog;
  /**
   * Be the only one of all processes that does the work called `hex`: running a step, editing a list. Waits in the kernel while another
   * does it. Taken after the shared lock and before any other; who holds one waits for no second one.
   */
  lockWork(hex: string, options?: WorkLockOptions): Promise<WorkLock>;
  /**
   * Calls `confirm` when what was written until now has reached the disk: with the next name that is published. Never, where nothing is
   * synced or this process ends before.
   */
  whenSynced(confirm: () => void): void;
  /**
   * Begin early what `names.publish` waits for: while `work` goes on, what gathers in memory goes to the disk.
   *
   * @returns what `work` gives
   * @throws what `work` throws; EIO, ENOSPC, ... as publishing would
   */
  writingBack<T>(work: Promise<T>): Promise<T>;
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
  /** What the image needs to stay whole. @throws {DigestMismatchError} a manifest or config is damaged */
  references(descriptor: Descriptor): References;
  /** The IDs by which people know the image: of an index, its own first. Empty if its manifest is not here. */
  imageIds(descriptor: Descriptor): readonly string[];
  /**
   * `rmi`. By name: the name goes, and the image with it if that was its last. By ID: the image and all its names.
   * With `force`, working containers made from it go too. Blobs stay until a collection.
   *
   * @throws {ImageNotFoundError}
   * @throws {ImageInUseError} used by a working container, or several names and given by ID, without `force`
   */
  removeImage(nameOrId: string, options: { readonly force: boolean }): Promise<RemoveImageResult>;
  /** Remove every blob, record and snapshot that no name, working container or cache record needs. */
  collect(options?: CollectOptions): Promise<CollectResult>;
  /** Measure everything below the root. Snapshots of subordinate ids can only be measured inside the user namespace. */
  measure(): Promise<StoreUsage>;
  /** Files of the store that have not the form they should have. */
  damagedFiles(): readonly DamagedFile[];
  /**
   * Let go of locks, remove this process's scratch directory, empty the trash as far as this user and the disk may. What stays is
   * left to a later command: the work of this one is done.
   */
  close(): Promise<void>;
}

/**
 * Open the store at `options.root`.
 *
 * @throws {StoreVersionError} it was made by a newer tsbuild
 * @throws {StoreCorruptError} it is not an OCI layout we can read
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const layout = layoutOf(resolve(options.root));
  checkLayout(layout);
  let isComplete = false;
  const ensure = (): void => {
    if (!isComplete) ensureLayout(layout);
    isComplete = true;
  };

  const scratch = openScratch(layout, ensure);
  const blobs = openBlobs(layout, scratch);
  const imageIds = (descriptor: Descriptor): readonly string[] => imageIdsOf(blobs, descriptor);
  const { noSync = false, searchRegistries = ['docker.io'] } = options;
  const unsynced: (() => void)[] = [];
  const names = openNames({ layout, ensureLayout: ensure, noSync, searchRegistries, imageIds, unsynced });
  const layers = openLayerRecords(layout, scratch, blobs.has);
  const cache = openStepRecords(layout, scratch);
  const sites = openStepSites(layout, scratch);
  const selections = openSelectionLists(layout, scratch);
  const builds = openBuildLogs(layout, scratch);
  const containers = openContainers(layout, scratch);
  const parts: CollectedParts = { layout, blobs, names, layers, cache, sites, selections, builds, containers, scratch };
  const held = new Set<Release>();
  const hold = (release: Release): Release => {
    const releaseOnce = (): void => {
      if (held.delete(releaseOnce)) release();
    };
    held.add(releaseOnce);
    return releaseOnce;
  };

  const store: Store = {
    root: layout.root,
    runRoot: resolve(options.runRoot),
    blobs,
    names,
    layers,
    cache,
    sites,
    selections,
    builds,
    containers,
    scratch,
    snapshotsDir: layout.snapshots,
    cacheMounts: openCacheMounts(layout, scratch, ensure),
    statCacheDir: layout.statCache,
    ensureLayout: ensure,
    whenSynced: (confirm) => void unsynced.push(confirm),
    writingBack: (work) => (noSync ? work : writeBackDuring(layout.root, work)),
    openStepLog: () => openStepLog(layout),
    lockWork: (hex, lockOptions = {}) => lockWork(layout, hex, lockOptions),
    async lockShared(lockOptions) {
      ensure();
      const release = hold(await acquireLock(layout.storeLock, 'shared', lockOptions));
      await sweepScratch(layout, Date.now());
      return release;
    },
    async lockExclusive(lockOptions) {
      ensure();
      if (held.size > 0) throw new TypeError('lockExclusive() while this store object holds a lock would wait for itself');
      return hold(await acquireLock(layout.storeLock, 'exclusive', lockOptions));
    },
    readImage: (descriptor, platform) => readImage(blobs, descriptor, platform),
    references: (descriptor) => referencedBy(blobs, descriptor),
    imageIds,
    removeImage: (nameOrId, removeOptions) => removeImage({ names, containers, imageIds }, nameOrId, removeOptions),
    async collect(collectOptions = {}) {
      ensure();
      const release =
        collectOptions.wait === true ? await store.lockExclusive(collectOptions) : await tryLock(layout.storeLock, 'exclusive');
      if (release === undefined) return { kind: 'busy' };
      try {
        await sweepScratch(layout, Date.now());
        return await markAndSweep(parts, collectOptions);
      } finally {
        release();
      }
    },
    measure: () => measureStore(parts, store.cacheMounts),
    damagedFiles: () => listDamagedFiles(layout),
    async close() {
      for (const release of held) release();
      await leavingTheRest(() => scratch.release());
      await leavingTheRest(() => emptyTrash(layout));
    },
  };
  return store;
}

/** What the disk refuses here is no harm: what lies around is found by its place. */
async function leavingTheRest(tidy: () => Promise<void>): Promise<void> {
  try {
    await tidy();
  } catch (error) {
    const isRefusal = ['EIO', 'EROFS', 'SYSTEM', 'STORE_FULL'].some((code) => hasCode(error, code));
    if (!isRefusal) throw error;
  }
}
