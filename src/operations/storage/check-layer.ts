import { createHash } from 'node:crypto';
import type { DiffId } from '../../image/index.js';
import { decompress } from '../../layers/index.js';
import type { LayerBlob, Store } from '../../store/index.js';

/**
 * Whether the blob, decompressed, is the layer that its record says.
 *
 * @returns what is wrong; undefined when nothing is
 */
export async function checkLayer(store: Store, diffId: DiffId, { digest, compression }: LayerBlob): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of decompress(store.blobs.open({ digest }), compression)) hash.update(chunk);
  } catch (error) {
    return `its blob ${digest} cannot be read: ${(error as Error).message}`;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  return actual === diffId ? undefined : `its blob ${digest} holds the layer ${actual}`;
}
