import { sortKeys } from './canonical-json.js';
import type { Descriptor } from './descriptor.js';
import type { Index, Manifest } from './manifest.js';
import { DOCKER_CONFIG, DOCKER_LIST, DOCKER_MANIFEST, type ImageFormat, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from './media-types.js';

type Annotations = Readonly<Record<string, string>>;

/** The media types an image is written with. */
export const FORMAT_TYPES: Readonly<Record<ImageFormat, { readonly manifest: string; readonly config: string; readonly index: string }>> = {
  oci: { manifest: OCI_MANIFEST, config: OCI_CONFIG, index: OCI_INDEX },
  docker: { manifest: DOCKER_MANIFEST, config: DOCKER_CONFIG, index: DOCKER_LIST },
};

/** The manifest of one image, its fields in a fixed order. Docker's format has no annotations: they are left out there. */
export function buildManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
  format: ImageFormat,
  annotations: Annotations = {},
): Manifest {
  const noted = format === 'oci' && Object.keys(annotations).length > 0;
  return {
    schemaVersion: 2,
    mediaType: FORMAT_TYPES[format].manifest,
    config: orderDescriptor(config),
    layers: layers.map(orderDescriptor),
    ...(noted ? { annotations: sortKeys(annotations) } : {}),
  };
}

/** The index of several manifests, its fields in a fixed order; the entries keep theirs. */
export function buildIndex(manifests: readonly Descriptor[], format: ImageFormat = 'oci', annotations: Annotations = {}): Index {
  const noted = format === 'oci' && Object.keys(annotations).length > 0;
  return {
    schemaVersion: 2,
    mediaType: FORMAT_TYPES[format].index,
    manifests: manifests.map(orderDescriptor),
    ...(noted ? { annotations: sortKeys(annotations) } : {}),
  };
}

/** A descriptor with its fields in one order, annotations sorted, absent fields left out. */
function orderDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls, annotations, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations: sortKeys(annotations) }),
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}
