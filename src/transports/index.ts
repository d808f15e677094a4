export { type CopyImageOptions, type CopyImageResult, copyImage } from './copy-image.js';
export { isImageConfig } from './copy-plan.js';
export type { DockerArchive } from './docker-archive-sink.js';
export {
  DestinationInUseError,
  DestinationWriteError,
  InvalidArchiveError,
  SourceImageNotFoundError,
  TransportSyntaxError,
} from './errors.js';
export type { ImageSink, IncomingBlob } from './image-sink.js';
export type { ImageSource, RawManifest, RepositoryName } from './image-source.js';
export type { ArchiveListing } from './list-archive.js';
export {
  demandThisStore,
  listArchive,
  openDockerArchive,
  openSink,
  openSource,
  type SinkExtras,
  type SourceExtras,
  type TransportServices,
} from './open-transport.js';
export { chooseImage, type ReadImageManifest, type ReadManifest, readSourceConfig, readSourceManifest } from './read-image.js';
export { recordLayer } from './record-layer.js';
export type { RegistryClient } from './registry-client.js';
export { openStoreImage, openStoreSink, openStoreSource } from './store.js';
export { formatTransport, parseTransport, type TransportName } from './transport-name.js';
