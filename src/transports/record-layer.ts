import type { LayerRecord, Store } from '../store/index.js';

/**
 * Notes the one blob of `layer`. What the store notes of a layer holds for every image with its diff id, so the word of one image is not
 * enough: the blob is read, unless that was done before or it is the tar itself, whose digest was compared on its way.
 *
 * @throws {DigestMismatchError} the blob is another layer
 */
export async function recordLayer(store: Store, layer: LayerRecord): Promise<void> {
  const { diffId, blobs } = layer;
  const [blob] = blobs;
  if (blob === undefined || store.layers.get(diffId)?.blobs.some(({ digest }) => digest === blob.digest) === true) return;
  if ((blob.digest as string) === diffId) return store.layers.put(layer);
  const { verifyDiffId } = await import('../layers/index.js');
  const uncompressedBytes = await verifyDiffId(store.blobs.path(blob.digest), diffId);
  await store.layers.put({ ...layer, uncompressedBytes });
}
