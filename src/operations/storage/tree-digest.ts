import { closeSync, constants, openSync, rmSync } from 'node:fs';
import type { ContentDigest } from '../../image/index.js';
import { type RootAttributes, writeLayer } from '../../layers/index.js';
import type { Store } from '../../store/index.js';

/**
 * The digest of a tree without its times, as the layer it would make.
 *
 * @param lowers directories that it lies on, top first; none: it is a whole root file system
 * @param parentRoot what its root was before
 */
export async function treeDigest(
  store: Store,
  { fs, lowers, parentRoot }: { readonly fs: string; readonly lowers: readonly string[]; readonly parentRoot: RootAttributes },
  signal: AbortSignal,
): Promise<ContentDigest> {
  const file = await store.blobs.tempFile();
  const fds = [fs, ...lowers].map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    const [upper = -1, ...below] = fds;
    const layer = { upper, overlayXattrs: 'user', compression: 'zstd', level: 1, file, parentRoot, lowers: below } as const;
    const { hashed, written } = writeLayer(layer, { signal });
    const { contentDigest } = await hashed;
    await written;
    return contentDigest;
  } finally {
    for (const fd of fds) closeSync(fd);
    rmSync(file, { force: true });
  }
}
