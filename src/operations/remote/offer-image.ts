import type { CachedLayer } from '../../builder/steps/index.js';
import { UnsupportedFeatureError } from '../../errors.js';
import { type Descriptor, layerCompression, ManifestError, type Platform, parseImageConfig } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import {
  chooseImage,
  type ImageSource,
  isImageConfig,
  type ReadImageManifest,
  readSourceConfig,
  readSourceManifest,
} from '../../transports/index.js';
import type { RemoteLayers } from './remote-layers.js';

/** An image whose manifest and configuration the store has, and whose layers are fetched when somebody needs them. */
export interface OfferedImage {
  readonly descriptor: Descriptor;
  /** As the manifest lists them, base first. */
  readonly layers: readonly CachedLayer[];
}

/**
 * Takes over manifest and configuration of an image, and nothing else.
 *
 * @returns undefined for an artifact, which has no layers of a file system
 * @throws {SourceImageNotFoundError} {ManifestError} {DigestMismatchError} {UnsupportedFeatureError}
 */
export async function offerImage(
  source: ImageSource,
  platform: Platform,
  remote: RemoteLayers,
  options: { readonly signal: AbortSignal },
): Promise<OfferedImage | undefined> {
  const { store } = remote;
  const image = await chooseImage(source, await readSourceManifest(source, undefined, options), platform, options);
  const { config } = image.manifest;
  if (!isImageConfig(config)) return undefined;
  const configBytes = await takeConfig(source, image, store, remote, options);
  const layers = layersOf(image, parseImageConfig(configBytes, `config of ${source.description}`).rootfs.diff_ids);
  const { size } = await store.blobs.putBytes(image.bytes);
  remote.offer(layers, { source, kind: 'image' });
  for (const { digest, size: sizeBytes } of layers)
    if (store.blobs.has(digest, sizeBytes))
      remote.reporter.report({ kind: 'transfer', action: 'skipped', what: 'layer', digest, sizeBytes });
  return { descriptor: { mediaType: image.mediaType, digest: image.digest, size }, layers };
}

async function takeConfig(
  source: ImageSource,
  { manifest: { config } }: ReadImageManifest,
  store: Store,
  { reporter }: RemoteLayers,
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const report = (action: 'copying' | 'skipped' | 'done'): void =>
    reporter.report({ kind: 'transfer', action, what: 'config', digest: config.digest, sizeBytes: config.size });
  if (store.blobs.has(config.digest, config.size)) {
    report('skipped');
    return store.blobs.readAll(config);
  }
  report('copying');
  const bytes = await readSourceConfig(source, config, options);
  await store.blobs.putBytes(bytes);
  report('done');
  return bytes;
}

function layersOf({ manifest, digest }: ReadImageManifest, diffIds: readonly CachedLayer['diffId'][]): readonly CachedLayer[] {
  if (diffIds.length !== manifest.layers.length) {
    throw new ManifestError(`manifest ${digest}`, `it has ${manifest.layers.length} layers and its config lists ${diffIds.length}`);
  }
  return manifest.layers.map((layer, position) => {
    const compression = layerCompression(layer.mediaType);
    if (compression === undefined)
      throw new UnsupportedFeatureError(
        `Cannot use the image ${digest}: ${JSON.stringify(layer.mediaType)} is not the media type of a layer`,
      );
    return { diffId: diffIds[position]!, digest: layer.digest, size: layer.size, compression };
  });
}
