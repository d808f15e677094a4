export type { BlobRef, BlobStore } from './blobs.js';
export type { CollectOptions, CollectResult } from './collect.js';
export type { ContainerRecord, ContainerRecords } from './containers.js';
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
export type { LayerBlob, LayerRecord, LayerRecords } from './layer-records.js';
export type { Release } from './locks.js';
export type { NamedImage, NameStore } from './names.js';
export type { StoredImage } from './read-image.js';
export type { RemoveImageResult } from './remove-image.js';
export type { Scratch } from './scratch.js';
export type { StepRecord, StepRecords } from './step-records.js';
export { openStore, type Store, type StoreOptions } from './store.js';
export { explainingFailure } from './system-errors.js';
