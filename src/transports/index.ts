export type { CopyImageOptions, CopyImageResult } from './copy-image.js';
export type { ImageSink, IncomingBlob } from './image-sink.js';
export type { ImageSource, RawManifest } from './image-source.js';
export type { TransportName } from './transport-name.js';
