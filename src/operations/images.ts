import { hasCode } from '../errors.js';
import { type Descriptor, DOCKER_CONFIG, digestHex, isIndexType, OCI_CONFIG, parseIndex, parseManifest } from '../image/index.js';
import type { NamedImage, Store } from '../store/index.js';
import { type Services, withStore } from './context.js';

/** One image of the store, with all its names. */
export interface ImageRow {
  /** Full names; empty for an image that lost its last one. */
  readonly names: readonly string[];
  /** Image ID: the hexadecimal digits of its config's digest. */
  readonly id: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  readonly created: Date | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of its manifest, config and layers as stored. */
  readonly sizeBytes: number;
}

export interface ListImagesOptions {
  /** Only images with a name that `text` stands for. */
  readonly filterName?: string;
}

/** The images of the store, the newest first. */
export async function listImages(options: ListImagesOptions, services: Services): Promise<readonly ImageRow[]> {
  return withStore(services, async (store) => {
    const byDigest = new Map<string, { descriptor: NamedImage['descriptor']; names: string[] }>();
    for (const { name, descriptor } of store.names.list()) {
      const entry = byDigest.get(descriptor.digest) ?? { descriptor, names: [] };
      if (name !== undefined) entry.names.push(name);
      byDigest.set(descriptor.digest, entry);
    }
    const rows = [...byDigest.values()].flatMap((entry) => rowUnlessRemoved(store, entry.descriptor, entry.names));
    const wanted = options.filterName;
    const shown = wanted === undefined ? rows : rows.filter((row) => row.names.some((name) => namesMatch(name, wanted)));
    return shown.sort((a, b) => (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0));
  });
}

/** Another command may remove an image while this one reads it. */
function rowUnlessRemoved(store: Store, descriptor: NamedImage['descriptor'], names: readonly string[]): ImageRow[] {
  try {
    return [imageRow(store, descriptor, names)];
  } catch (error) {
    const isThere = store.names.list().some((image) => image.descriptor.digest === descriptor.digest);
    if (isThere || !hasCode(error, 'BLOB_NOT_FOUND')) throw error;
    return [];
  }
}

function imageRow(store: Store, descriptor: NamedImage['descriptor'], names: readonly string[]): ImageRow {
  if (isIndexType(descriptor.mediaType)) return indexRow(store, descriptor, names);
  if (isArtifact(descriptor, store)) return artifactRow(store, descriptor, names);
  const image = store.readImage(descriptor);
  const layerBytes = image.manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  return {
    names,
    id: image.imageId,
    digest: descriptor.digest,
    labels: image.config.config?.Labels ?? {},
    created: image.config.created === undefined ? undefined : new Date(image.config.created),
    sizeBytes: layerBytes + image.manifest.config.size + image.manifestBytes.length,
  };
}

/** An index has an ID of its own; it is as old as the youngest of its images that are here, and as large as what they have together. */
function indexRow(store: Store, descriptor: NamedImage['descriptor'], names: readonly string[]): ImageRow {
  const { manifests } = parseIndex(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  const images = manifests
    .filter((entry) => store.blobs.has(entry.digest) && !isArtifact(entry, store))
    .map((entry) => store.readImage(entry));
  const sizes = new Map([[descriptor.digest, descriptor.size]]);
  for (const { manifest, manifestDescriptor } of images)
    for (const blob of [manifestDescriptor, manifest.config, ...manifest.layers]) sizes.set(blob.digest, blob.size);
  const times = images.flatMap(({ config }) => (config.created === undefined ? [] : Date.parse(config.created)));
  return {
    names,
    id: digestHex(descriptor.digest),
    digest: descriptor.digest,
    labels: images[0]?.config.config?.Labels ?? {},
    created: times.length === 0 ? undefined : new Date(Math.max(...times)),
    sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}

/** Files in the form of an image: no configuration says when it was made, nor for what. */
function artifactRow(store: Store, descriptor: Descriptor, names: readonly string[]): ImageRow {
  const { config, layers } = parseManifest(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  return {
    names,
    id: digestHex(config.digest),
    digest: descriptor.digest,
    labels: {},
    created: undefined,
    sizeBytes: [descriptor, config, ...layers].reduce((sum, { size }) => sum + size, 0),
  };
}

function isArtifact(descriptor: Descriptor, store: Store): boolean {
  if (isIndexType(descriptor.mediaType)) return false;
  const { config } = parseManifest(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  return config.mediaType !== OCI_CONFIG && config.mediaType !== DOCKER_CONFIG;
}

/** `debian` matches `docker.io/library/debian:12` as well as `localhost/debian:latest`; with a tag, the tag must match too. */
function namesMatch(name: string, wanted: string): boolean {
  const repository = name.slice(0, name.lastIndexOf(':'));
  return name === wanted || repository === wanted || name.endsWith(`/${wanted}`) || repository.endsWith(`/${wanted}`);
}
