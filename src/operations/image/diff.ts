import { layerCompression } from '../../image/index.js';
import { type ArchiveEntry, decompress, readArchiveEntries } from '../../layers/index.js';
import type { Store, StoredImage } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { findImage } from './find-image.js';

export interface PathChange {
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute in the image. */
  readonly path: string;
}

type Tree = Map<string, ArchiveEntry>;

const OPAQUE = '.wh..wh..opq';
const WHITEOUT = '.wh.';

/**
 * In which paths an image differs from another, or from itself without its topmost layer. Layers are read, never extracted.
 *
 * @throws {ImageNotFoundError}
 */
export async function diffImages(name: string, other: string | undefined, services: Services): Promise<readonly PathChange[]> {
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      const image = findImage(name, store);
      const count = image.manifest.layers.length;
      if (other !== undefined) {
        const base = findImage(other, store);
        const before = await treeOf(base, base.manifest.layers.length, store);
        return compareTrees(before, await treeOf(image, count, store));
      }
      const before = await treeOf(image, count - 1, store);
      const after: Tree = new Map(before);
      await addLayer(after, image, count - 1, store);
      return compareTrees(before, after);
    } finally {
      release();
    }
  });
}

async function treeOf(image: StoredImage, count: number, store: Store): Promise<Tree> {
  const tree: Tree = new Map();
  for (let position = 0; position < count; position++) await addLayer(tree, image, position, store);
  return tree;
}

/** Puts what a layer says on top: removals first, since they are meant for what is below it, wherever in the layer they stand. */
async function addLayer(tree: Tree, image: StoredImage, position: number, store: Store): Promise<void> {
  const layer = image.manifest.layers[position];
  const compression = layer === undefined ? undefined : layerCompression(layer.mediaType);
  if (layer === undefined || compression === undefined) return;
  const bytes = store.blobs.open(layer);
  const added: [string, ArchiveEntry][] = [];
  for await (const entry of readArchiveEntries(compression === 'none' ? bytes : decompress(bytes, compression))) {
    const path = cleanPath(entry.path);
    const slash = path.lastIndexOf('/');
    const [directory, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name === OPAQUE) removeBelow(tree, directory);
    else if (name.startsWith(WHITEOUT)) removeTree(tree, `${directory}/${name.slice(WHITEOUT.length)}`);
    else added.push([path, entry]);
  }
  for (const [path, entry] of added) {
    if (path === '') continue;
    if (entry.type !== 'directory') removeTree(tree, path);
    tree.set(path, entry);
  }
}

function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 ? '' : `/${parts.join('/')}`;
}

function removeTree(tree: Tree, path: string): void {
  tree.delete(path);
  removeBelow(tree, path);
}

function removeBelow(tree: Tree, directory: string): void {
  const prefix = `${directory}/`;
  for (const path of tree.keys()) if (path.startsWith(prefix)) tree.delete(path);
}

/** By path. A directory with a change below it counts as changed; of what is gone only the topmost is said. */
function compareTrees(before: Tree, after: Tree): readonly PathChange[] {
  const changes = new Map<string, PathChange['kind']>();
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined) changes.set(path, 'A');
    else if (old !== entry && !isSame(old, entry)) changes.set(path, 'C');
  }
  for (const path of before.keys()) {
    if (!after.has(path) && (after.has(parentOf(path)) || !before.has(parentOf(path)))) changes.set(path, 'D');
  }
  for (const path of [...changes.keys()]) {
    for (let above = parentOf(path); above !== ''; above = parentOf(above)) {
      if (before.has(above) && after.has(above) && !changes.has(above)) changes.set(above, 'C');
    }
  }
  const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
  return [...changes].map(([path, kind]) => ({ kind, path })).sort((one, other) => compare(one.path, other.path));
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The times and sizes of directories change with what they hold, and are no change of their own. */
function isSame(one: ArchiveEntry, other: ArchiveEntry): boolean {
  const isDirectory = one.type === 'directory';
  return (
    one.type === other.type &&
    one.modeBits === other.modeBits &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.target === other.target &&
    one.content === other.content &&
    (isDirectory || one.mtimeSeconds === other.mtimeSeconds) &&
    JSON.stringify(one.attributes) === JSON.stringify(other.attributes)
  );
}
