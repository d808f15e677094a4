import { UnsupportedFeatureError } from '../errors.js';
import {
  type Descriptor,
  type Digest,
  DOCKER_CONFIG,
  isIndexType,
  layerCompression,
  ManifestError,
  OCI_CONFIG,
  parseImageConfig,
  parseManifest,
} from '../image/index.js';
import { ImageNotFoundError, type LayerRecord, type Store } from '../store/index.js';
import type { ImageSink } from './image-sink.js';
import type { ImageSource, RawManifest } from './image-source.js';
import { knownRepositories } from './known-repositories.js';
import { recordLayer } from './record-layer.js';

/** `containers-storage:`: an image of this store, by name or ID. */
export function openStoreSource(store: Store, nameOrId: string): ImageSource {
  const found = store.names.resolve(nameOrId);
  if (found === undefined) throw new ImageNotFoundError(nameOrId);
  return openStoreImage(store, found.descriptor, { description: found.name ?? nameOrId });
}

/**
 * An image of this store that need not be in its index.
 *
 * @param elsewhere gives the bytes of a layer that the store does not have, not verified
 */
export function openStoreImage(
  store: Store,
  top: Descriptor,
  options: {
    readonly description: string;
    readonly elsewhere?: Pick<ImageSource, 'repositoriesOf'> & {
      openBlob(blob: Descriptor, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array> | undefined;
    };
  },
): ImageSource {
  const known = knownRepositories(store);
  return {
    description: options.description,
    async readManifest(digest) {
      if (digest === undefined || digest === top.digest)
        return { bytes: store.blobs.readAll(top), mediaType: top.mediaType, digest: top.digest };
      const bytes = store.blobs.readAll({ digest });
      const { mediaType } = JSON.parse(Buffer.from(bytes).toString()) as { mediaType?: unknown };
      return { bytes, mediaType: typeof mediaType === 'string' ? mediaType : '', digest };
    },
    openBlob: (blob, opening) =>
      (store.blobs.has(blob.digest, blob.size) ? undefined : options.elsewhere?.openBlob(blob, opening)) ?? store.blobs.open(blob),
    repositoriesOf: (blob) => [...(options.elsewhere?.repositoriesOf?.(blob) ?? []), ...known(blob)],
    async close() {},
  };
}

/**
 * Write into this store. The caller holds the store's shared lock until it has committed.
 *
 * @param names full names the image gets; none: it is entered without a name
 * @param publish enters the image in another way
 */
export function openStoreSink(
  store: Store,
  names: readonly string[],
  publish: (image: Descriptor) => Promise<unknown> = (image) => store.names.publish(names, image),
): ImageSink {
  let top: Descriptor | undefined;
  return {
    description: names[0] ?? 'the store',
    formats: ['oci', 'docker'],
    layers: 'preserve',
    acceptsIndex: true,
    concurrency: 6,
    hasBlob: async (blob) => store.blobs.has(blob.digest, blob.size),
    async writeBlob(blob, options) {
      await store.blobs.put(blob.open(), blob.descriptor, options);
    },
    async writeManifest(manifest, role) {
      if (!isIndexType(manifest.mediaType)) await recordLayers(store, manifest);
      const { size } = await store.blobs.putBytes(manifest.bytes);
      if (role === 'top') top = { mediaType: manifest.mediaType, digest: manifest.digest, size };
    },
    async commit() {
      if (top === undefined) throw new TypeError('commit() before writeManifest()');
      await publish(top);
    },
    async close() {},
  };
}

/**
 * Note which blob holds which layer, so that steps and snapshots find it by its diff id. Nothing is extracted.
 *
 * @throws {DigestMismatchError} a blob is not the layer that the image says
 */
async function recordLayers(store: Store, raw: RawManifest): Promise<void> {
  const { config, layers } = parseManifest(raw.bytes, { declaredType: raw.mediaType });
  // An artifact has no file system.
  if (config.mediaType !== OCI_CONFIG && config.mediaType !== DOCKER_CONFIG) return;
  const { diff_ids: diffIds } = parseImageConfig(store.blobs.readAll(config)).rootfs;
  if (diffIds.length !== layers.length) {
    throw new ManifestError(`manifest ${raw.digest}`, `it has ${layers.length} layers and its config lists ${diffIds.length}`);
  }
  const held = layers.map(({ digest, size, mediaType }, position): LayerRecord => {
    const compression = layerCompression(mediaType);
    const diffId = diffIds[position];
    if (compression === undefined || diffId === undefined) {
      throw new UnsupportedFeatureError(
        `Cannot use the image ${raw.digest}: ${JSON.stringify(mediaType)} is not the media type of a layer`,
      );
    }
    return { diffId, blobs: [{ digest: digest as Digest, size, compression }] };
  });
  // All at once, and none goes on when another fails.
  const ends = await Promise.allSettled(held.map((layer) => recordLayer(store, layer)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
