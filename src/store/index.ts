export type { BlobRef, BlobStore } from './blobs.js';
export type { BuildLog, BuildLogs, ImageBuildLog, UnfinishedBuildLog } from './build-logs.js';
export type { CacheMountIdentity, CacheMountRecord, CacheMounts, CacheSharing, HeldCacheMount } from './cache-mounts.js';
export type { CollectOptions, CollectResult } from './collect.js';
export type { CommandDefaults, ContainerRecord, ContainerRecords, DockerOnly } from './containers.js';
export type { DamagedFile } from './damaged-files.js';
export {
  AmbiguousImageError,
  BlobNotFoundError,
  ContainerNameInUseError,
  ContainerNotFoundError,
  ImageInUseError,
  ImageNotFoundError,
  StoreAccessError,
  StoreCorruptError,
  StoreFullError,
  StoreVersionError,
} from './errors.js';
export type { CacheLimits } from './expired-records.js';
export type { LayerBlob, LayerRecord, LayerRecords } from './layer-records.js';
export type { Release } from './locks.js';
export type { NamedImage, NameStore } from './names.js';
export type { StoredImage } from './read-image.js';
export type { References } from './references.js';
export type { RemoveImageResult } from './remove-image.js';
export type { Scratch } from './scratch.js';
export type { ListedEntry, SelectionLists } from './selection-lists.js';
export type { StepLog } from './step-logs.js';
export type { StepRecord, StepRecords } from './step-records.js';
export type { SiteEntry, StepSites } from './step-sites.js';
export { openStore, type Store, type StoreOptions } from './store.js';
export { explainingFailure, explainStoreError } from './system-errors.js';
export type { CacheUsage, ContainerUsage, ImageUsage, StoreUsage } from './usage.js';
export type { WorkLock, WorkLockOptions } from './work-locks.js';
