import { chooseByPlatform, type Descriptor, hostPlatform, isIndexType, parseIndex } from '../../image/index.js';
import { ImageNotFoundError, type Store, type StoredImage } from '../../store/index.js';

export interface FoundImage extends StoredImage {
  /** Full names of this very image, none for one that has lost them. */
  readonly names: readonly string[];
}

/**
 * An image of the store; of an index, the one for this machine, or else the first that is here.
 *
 * @throws {ImageNotFoundError}
 */
export function findImage(nameOrId: string, store: Store): FoundImage {
  const found = store.names.resolve(nameOrId);
  if (found === undefined) throw new ImageNotFoundError(nameOrId);
  const names = store.names.list().flatMap(({ name, descriptor }) => (descriptor.digest === found.descriptor.digest ? (name ?? []) : []));
  return { ...store.readImage(instanceOf(found.descriptor, store)), descriptor: found.descriptor, names };
}

function instanceOf(descriptor: Descriptor, store: Store): Descriptor {
  if (!isIndexType(descriptor.mediaType)) return descriptor;
  const { manifests } = parseIndex(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  const here = manifests.filter((entry) => store.blobs.has(entry.digest));
  return chooseByPlatform(here, hostPlatform(process.arch)) ?? here[0] ?? descriptor;
}

/** Single images of the store with their names, those that cannot be read left out: they have a command of their own. */
export function readableImages(store: Store): readonly FoundImage[] {
  const byDigest = new Map<string, { readonly descriptor: Descriptor; readonly names: string[] }>();
  for (const { name, descriptor } of store.names.list()) {
    const entry = byDigest.get(descriptor.digest) ?? { descriptor, names: [] };
    if (name !== undefined) entry.names.push(name);
    byDigest.set(descriptor.digest, entry);
  }
  return [...byDigest.values()].flatMap(({ descriptor, names }) => {
    try {
      return [{ ...store.readImage(instanceOf(descriptor, store)), descriptor, names }];
    } catch {
      return [];
    }
  });
}

/** Bytes of each layer's tar, as far as that is known here; else those of its blob. Base first. */
export function layerSizes(image: StoredImage, store: Store): readonly number[] {
  return image.config.rootfs.diff_ids.map(
    (diffId, position) => store.layers.get(diffId)?.uncompressedBytes ?? image.manifest.layers[position]?.size ?? 0,
  );
}

/** Bytes of everything the image is made of, as stored. */
export function storedBytes({ manifest, manifestBytes }: StoredImage): number {
  return [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, manifestBytes.length);
}
