import { hasCode } from '../errors.js';
import { type Descriptor, type DiffId, isIndexType, isManifestType, parseImageConfig, parseIndex, parseManifest } from '../image/index.js';
import type { BlobStore } from './blobs.js';

/** What an image needs to stay whole. */
export interface References {
  /** Digests of its manifests, configs and layers, the descriptor itself included. */
  readonly blobs: ReadonlySet<string>;
  /** Diff ids of each of its images, base first. */
  readonly chains: readonly (readonly DiffId[])[];
}

/**
 * Follow a descriptor to everything below it. Instances of an index that are not in the store are passed over: an index may be kept with
 * only some of its images.
 *
 * @throws {DigestMismatchError} a manifest or config is damaged, so what it needs cannot be known
 */
export function referencedBy(blobs: BlobStore, descriptor: Descriptor): References {
  const found = new Set<string>();
  const chains: (readonly DiffId[])[] = [];
  const visit = (next: Descriptor): void => {
    if (found.has(next.digest)) return;
    found.add(next.digest);
    if (isIndexType(next.mediaType)) {
      const bytes = readIfThere(blobs, next);
      if (bytes !== undefined) {
        const { manifests } = parseIndex(bytes, { declaredType: next.mediaType });
        for (const child of manifests) if (blobs.has(child.digest)) visit(child);
      }
    } else if (isManifestType(next.mediaType)) {
      const bytes = readIfThere(blobs, next);
      if (bytes === undefined) return;
      const { config, layers } = parseManifest(bytes, { declaredType: next.mediaType });
      found.add(config.digest);
      for (const layer of layers) found.add(layer.digest);
      const configBytes = readIfThere(blobs, config);
      if (configBytes !== undefined) chains.push(diffIdsOf(configBytes));
    }
  };
  visit(descriptor);
  return { blobs: found, chains };
}

/** An artifact's config is not that of an image and lists no diff ids. */
function diffIdsOf(configBytes: Uint8Array): readonly DiffId[] {
  try {
    return parseImageConfig(configBytes).rootfs.diff_ids;
  } catch (error) {
    if (hasCode(error, 'MANIFEST_INVALID')) return [];
    throw error;
  }
}

function readIfThere(blobs: BlobStore, blob: Descriptor): Uint8Array | undefined {
  return blobs.has(blob.digest) ? blobs.readAll(blob) : undefined;
}
