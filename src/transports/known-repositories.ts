import { type Descriptor, isIndexType, parseIndex, parseManifest, parseReference } from '../image/index.js';
import type { Store } from '../store/index.js';
import type { RepositoryName } from './image-source.js';

/**
 * Which repositories have which blobs, as far as the names in the store tell: an image was pulled from where its name says, or is likely to
 * be pushed there. Names and manifests are read at the first question.
 */
export function knownRepositories(store: Store): (blob: Descriptor) => readonly RepositoryName[] {
  let found: Map<string, readonly RepositoryName[]> | undefined;
  return ({ digest }) => {
    found ??= readRepositories(store);
    return found.get(digest) ?? [];
  };
}

function readRepositories(store: Store): Map<string, readonly RepositoryName[]> {
  const found = new Map<string, readonly RepositoryName[]>();
  for (const { name, descriptor } of store.names.list()) {
    if (name === undefined || name.startsWith('localhost/')) continue;
    const { registry, repository } = parseReference(name);
    for (const digest of blobsOf(descriptor, store)) {
      const places = found.get(digest) ?? [];
      if (!places.some((place) => place.registry === registry && place.repository === repository))
        found.set(digest, [...places, { registry, repository }]);
    }
  }
  return found;
}

function blobsOf(image: Descriptor, store: Store): readonly string[] {
  if (!store.blobs.has(image.digest, image.size)) return [];
  const bytes = store.blobs.readAll(image);
  if (isIndexType(image.mediaType))
    return parseIndex(bytes, { declaredType: image.mediaType }).manifests.flatMap((entry) => blobsOf(entry, store));
  const { config, layers } = parseManifest(bytes, { declaredType: image.mediaType });
  return [config, ...layers].map(({ digest }) => digest);
}
