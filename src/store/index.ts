export type { BlobRef, BlobStore } from './blobs.js';
export type { CollectResult } from './collect.js';
export type { ContainerRecord, ContainerRecords } from './containers.js';
export {
  AmbiguousImageError,
  BlobNotFoundError,
  ContainerNameInUseError,
  ContainerNotFoundError,
  DigestMismatchError,
  ImageInUseError,
  ImageNotFoundError,
  SizeMismatchError,
  StoreAccessError,
  StoreCorruptError,
  StoreFullError,
  StoreVersionError,
} from './errors.js';
export type { LayerBlob, LayerRecord, LayerRecords } from './layer-records.js';
export type { NamedImage, NameStore } from './names.js';
export type { Scratch } from './scratch.js';
export type { StepRecord, StepRecords } from './step-records.js';
export type { Release, RemoveImageResult, Store, StoredImage, StoreOptions } from './store.js';
