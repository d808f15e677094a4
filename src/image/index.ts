export {
  ANNOTATION_BASE_DIGEST,
  ANNOTATION_BASE_NAME,
  ANNOTATION_CONTAINERD_NAME,
  ANNOTATION_CREATED,
  ANNOTATION_INLINE_CACHE,
  ANNOTATION_REF_NAME,
  ANNOTATION_ZSTD_INSTANCE,
} from './annotations.js';
export { buildIndex, buildManifest, FORMAT_TYPES } from './build-manifest.js';
export { encodeJson, sortKeys } from './canonical-json.js';
export { chainId, imageId } from './chain-id.js';
export type { Descriptor, Platform } from './descriptor.js';
export {
  type ContentDigest,
  type DiffId,
  type Digest,
  DigestSyntaxError,
  digestAlgorithm,
  digestHex,
  digestOf,
  digestsIn,
  isDigest,
  parseDiffId,
  parseDigest,
} from './digest.js';
export { type DockerExtras, dockerConfig, encodeDockerConfig } from './docker-config.js';
export { completeHistory, emptyConfig, encodeImageConfig } from './edit-config.js';
export type { ContainerConfig, Healthcheck, HistoryEntry, ImageConfig } from './image-config.js';
export {
  type Index,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type ManifestDocument,
  type ParseOptions,
  parseIndex,
  parseManifest,
  parseManifestDocument,
} from './manifest.js';
export {
  type Compression,
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  type ImageFormat,
  isForeignLayer,
  isIndexType,
  isManifestType,
  layerCompression,
  layerMediaType,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from './media-types.js';
export { MAX_CONFIG_BYTES, parseImageConfig } from './parse-image-config.js';
export {
  chooseByPlatform,
  formatPlatform,
  hostPlatform,
  matchPlatform,
  normalizePlatform,
  PlatformSyntaxError,
  parsePlatform,
} from './platform.js';
export {
  candidateNames,
  formatReference,
  type ImageReference,
  isShortName,
  localName,
  parseReference,
  ReferenceSyntaxError,
  withDefaultTag,
} from './reference.js';
export { ManifestError, parseStrictJson } from './strict-json.js';
export { DigestMismatchError, type ExpectedContent, readVerified, SizeMismatchError, verify } from './verified-stream.js';
