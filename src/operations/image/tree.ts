import { type DiffId, digestHex } from '../../image/index.js';
import { sha256Hex } from '../../sha256.js';
import type { Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { type FoundImage, findImage, layerSizes, readableImages, storedBytes } from './find-image.js';

export interface ImageTree {
  readonly imageId: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
  readonly layers: readonly TreeLayer[];
}

export interface TreeLayer {
  readonly id: string;
  readonly sizeBytes: number;
  /** Names of the images of which it is the topmost layer. */
  readonly topOf: readonly string[];
  /** Layers that stand on it. Empty in the tree of one image, where they follow each other. */
  readonly children: readonly TreeLayer[];
}

/**
 * The layers of an image, base first; or, from its topmost layer on, all that stands on it in this store.
 *
 * @throws {ImageNotFoundError}
 */
export async function imageTree(name: string, options: { readonly whatRequires: boolean }, services: Services): Promise<ImageTree> {
  return withStore(services, async (store) => {
    const image = findImage(name, store);
    const images = readableImages(store);
    const layers = options.whatRequires ? requiring(image, images, store) : stack(image, images, store);
    return { imageId: image.imageId, tags: image.names, sizeBytes: storedBytes(image), layers };
  });
}

function stack(image: FoundImage, images: readonly FoundImage[], store: Store): readonly TreeLayer[] {
  const ids = layerIds(image.config.rootfs.diff_ids);
  const sizes = layerSizes(image, store);
  return ids.map((id, position) => ({ id, sizeBytes: sizes[position] ?? 0, topOf: topOf(id, images), children: [] }));
}

function requiring(image: FoundImage, images: readonly FoundImage[], store: Store): readonly TreeLayer[] {
  const top = layerIds(image.config.rootfs.diff_ids).at(-1);
  if (top === undefined) return [];
  const stacks = images.map((each) => ({ ids: layerIds(each.config.rootfs.diff_ids), sizes: layerSizes(each, store) }));
  const build = (id: string): TreeLayer => {
    const above = new Set<string>();
    let sizeBytes = 0;
    for (const { ids, sizes } of stacks) {
      const at = ids.indexOf(id);
      if (at === -1) continue;
      sizeBytes = sizes[at] ?? 0;
      const next = ids[at + 1];
      if (next !== undefined) above.add(next);
    }
    return { id, sizeBytes, topOf: topOf(id, images), children: [...above].map(build) };
  };
  return [build(top)];
}

function topOf(id: string, images: readonly FoundImage[]): readonly string[] {
  return images.flatMap(({ config, names }) => (layerIds(config.rootfs.diff_ids).at(-1) === id ? names : []));
}

/** As containers/storage names layers: one of a chain by those below it too. */
export function layerIds(diffIds: readonly DiffId[]): readonly string[] {
  const ids: string[] = [];
  for (const diffId of diffIds) {
    const parent = ids.at(-1);
    const hex = digestHex(diffId);
    ids.push(parent === undefined ? hex : sha256Hex(`${parent}+${hex}`));
  }
  return ids;
}
