export { type CopyImageOptions, type CopyImageResult, copyImage } from './copy-image.js';
export {
  DestinationInUseError,
  DestinationWriteError,
  InvalidArchiveError,
  SourceImageNotFoundError,
  TransportSyntaxError,
} from './errors.js';
export type { ImageSink, IncomingBlob } from './image-sink.js';
export type { ImageSource, RawManifest } from './image-source.js';
export { openSink, openSource, type TransportServices } from './open-transport.js';
export type { RegistryClient } from './registry-client.js';
export { openStoreSink, openStoreSource } from './store.js';
export { formatTransport, parseTransport, type TransportName } from './transport-name.js';
