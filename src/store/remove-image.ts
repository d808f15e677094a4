import type { Descriptor } from '../image/index.js';
import type { ContainerRecords } from './containers.js';
import { ImageInUseError, ImageNotFoundError } from './errors.js';
import type { NamedImage, NameStore } from './names.js';

export interface RemoveImageResult {
  readonly untagged: readonly string[];
  /** Image ID, if the image itself went. */
  readonly deleted?: string;
}

export interface RemoveImageParts {
  readonly names: NameStore;
  readonly containers: ContainerRecords;
  readonly imageIds: (descriptor: Descriptor) => readonly string[];
}

/**
 * `rmi`. By name: the name goes, and the image with it if that was its last. By ID or digest: the image and all its names.
 * With `force`, working containers made from it go too. Blobs go at the next collection.
 *
 * @throws {ImageNotFoundError}
 * @throws {ImageInUseError} used by a working container, or several names and given by ID, without `force`
 */
export async function removeImage(
  { names, containers, imageIds }: RemoveImageParts,
  nameOrId: string,
  options: { readonly force: boolean },
): Promise<RemoveImageResult> {
  const found = names.resolve(nameOrId);
  if (found === undefined) throw new ImageNotFoundError(nameOrId);
  const entries = names.list();
  const imageId = idOf(found, imageIds);
  const same = entries.filter((entry) => idOf(entry, imageIds) === imageId);
  const allNames = same.flatMap(({ name }) => name ?? []);
  if (found.name !== undefined && allNames.length > 1) return { untagged: await names.untag([found.name]).then(dropIfUnneeded) };

  if (found.name === undefined && allNames.length > 1 && !options.force)
    throw new ImageInUseError(imageId, { kind: 'names', names: allNames });
  const users = containers.list().filter((container) => container.image?.id === imageId);
  if (users.length > 0 && !options.force)
    throw new ImageInUseError(imageId, { kind: 'containers', names: users.map(({ name }) => name).sort() });
  for (const { id } of users) await containers.remove(id);
  for (const digest of new Set(same.map(({ descriptor }) => descriptor.digest))) await names.remove(digest);
  return { untagged: allNames, deleted: imageId };

  // untag() keeps an entry without a name for a manifest that lost its last one; here the image lives on under another name.
  async function dropIfUnneeded(untagged: readonly string[]): Promise<readonly string[]> {
    const digest = found?.descriptor.digest;
    const isOrphan = digest !== undefined && !names.list().some((entry) => entry.descriptor.digest === digest && entry.name !== undefined);
    if (isOrphan) await names.remove(digest);
    return untagged;
  }
}

/** A manifest that cannot be read has no image ID; its own digest stands for it, so that it can still be removed. */
function idOf(image: NamedImage, imageIds: (descriptor: Descriptor) => readonly string[]): string {
  return imageIds(image.descriptor)[0] ?? image.descriptor.digest;
}
