import {
  chooseByPlatform,
  type Descriptor,
  digestHex,
  formatPlatform,
  type ImageConfig,
  isIndexType,
  MAX_CONFIG_BYTES,
  type Manifest,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from '../image/index.js';
import type { BlobStore } from './blobs.js';
import { ImageNotFoundError } from './errors.js';

/** An image as its blobs say it is. */
export interface StoredImage {
  /** What the name points to: a manifest, or an index. */
  readonly descriptor: Descriptor;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
  /** Hexadecimal digits of the config's digest. */
  readonly imageId: string;
}

/**
 * Read manifest and config; of an index, those of the instance for `platform`, or its first instance.
 *
 * @throws {ImageNotFoundError} an index without an instance for the platform
 * @throws {BlobNotFoundError} @throws {DigestMismatchError} @throws {ManifestError} the store was damaged
 */
export function readImage(blobs: BlobStore, descriptor: Descriptor, platform?: Platform): StoredImage {
  const manifestDescriptor = chooseManifest(blobs, descriptor, platform);
  const manifestBytes = blobs.readAll(manifestDescriptor);
  const manifest = parseManifest(manifestBytes, { declaredType: manifestDescriptor.mediaType });
  const configBytes = blobs.readAll(manifest.config, MAX_CONFIG_BYTES);
  const config = parseImageConfig(configBytes);
  return { descriptor, manifestDescriptor, manifest, manifestBytes, config, configBytes, imageId: digestHex(manifest.config.digest) };
}

/**
 * The IDs by which people know an image: the hexadecimal digits of its config's digest; of an index, those of the index itself
 * and of its images that are here. None for what cannot be read.
 */
export function imageIdsOf(blobs: BlobStore, descriptor: Descriptor): readonly string[] {
  if (!blobs.has(descriptor.digest)) return [];
  if (!isIndexType(descriptor.mediaType)) return [digestHex(parseManifest(blobs.readAll(descriptor)).config.digest)];
  const { manifests } = parseIndex(blobs.readAll(descriptor));
  return [digestHex(descriptor.digest), ...manifests.flatMap((child) => imageIdsOf(blobs, child))];
}

function chooseManifest(blobs: BlobStore, descriptor: Descriptor, platform: Platform | undefined): Descriptor {
  if (!isIndexType(descriptor.mediaType)) return descriptor;
  const { manifests } = parseIndex(blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  const chosen = platform === undefined ? manifests[0] : chooseByPlatform(manifests, platform);
  if (chosen === undefined)
    throw new ImageNotFoundError(`${descriptor.digest}${platform === undefined ? '' : ` for ${formatPlatform(platform)}`}`);
  return chooseManifest(blobs, chosen, platform);
}
