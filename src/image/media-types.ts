import { UnsupportedFeatureError } from '../errors.js';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';

/** @see https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
export const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** How a layer blob is compressed. */
export type Compression = 'zstd' | 'gzip' | 'none';
/** Which family of media types an image is written in. */
export type ImageFormat = 'oci' | 'docker';

const LAYER_TYPES: Readonly<Record<ImageFormat, Readonly<Partial<Record<Compression, string>>>>> = {
  oci: { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD },
  docker: { none: DOCKER_LAYER, gzip: DOCKER_LAYER_GZIP },
};

// Media types that are only read, never written: deprecated, or (zstd in Docker's family) used by some tools without a specification.
const READ_ONLY_LAYER_TYPES: ReadonlyMap<string, Compression> = new Map([
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
]);

/** @throws {UnsupportedFeatureError} zstd in Docker's format, which has no media type for it */
export function layerMediaType(compression: Compression, format: ImageFormat): string {
  const mediaType = LAYER_TYPES[format][compression];
  if (mediaType !== undefined) return mediaType;
  throw new UnsupportedFeatureError(`Cannot write a ${compression} layer in ${format} format: the format has no media type for it`, {
    hint: 'Use --format oci, or gzip compression',
  });
}

/** The compression a layer's media type announces; undefined when it is not the media type of a layer. */
export function layerCompression(mediaType: string): Compression | undefined {
  for (const types of Object.values(LAYER_TYPES)) {
    for (const [compression, known] of Object.entries(types)) if (known === mediaType) return compression as Compression;
  }
  return READ_ONLY_LAYER_TYPES.get(mediaType);
}

/** True for layers that registries do not hold: their descriptor's `urls` say where they are. */
export function isForeignLayer(mediaType: string): boolean {
  return READ_ONLY_LAYER_TYPES.has(mediaType) && /foreign|nondistributable/.test(mediaType);
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}
