import { UsageError } from '../../errors.js';
import {
  buildIndex,
  type Descriptor,
  digestHex,
  digestOf,
  encodeJson,
  type Index,
  isIndexType,
  localName,
  OCI_INDEX,
  parseIndex,
} from '../../image/index.js';
import { ImageNotFoundError, type Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';

/** A list of images in the store. */
export interface StoredList {
  readonly descriptor: Descriptor;
  /** Full names it has; none for one that was found by its ID. */
  readonly names: readonly string[];
  readonly index: Index;
}

/** @throws {ImageNotFoundError} @throws {UsageError} it is a single image */
export function readList(nameOrId: string, store: Store): StoredList {
  const found = store.names.resolve(nameOrId);
  if (found === undefined) throw new ImageNotFoundError(nameOrId);
  const { descriptor } = found;
  if (!isIndexType(descriptor.mediaType)) throw new UsageError(`${nameOrId}: the image is not a manifest list`);
  const names = store.names.list().flatMap((image) => (image.descriptor.digest === descriptor.digest ? (image.name ?? []) : []));
  const index = parseIndex(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  return { descriptor, names, index };
}

/** Runs `body` with the store, while nothing can be collected and no other process changes the list. */
export async function withListLock<T>(nameOrId: string, services: Services, body: (store: Store) => Promise<T>): Promise<T> {
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      const name = store.names.resolve(nameOrId)?.name ?? localName(nameOrId);
      const lock = await store.lockWork(digestHex(digestOf(Buffer.from(`list ${name}`))), { signal: services.signal });
      try {
        return await body(store);
      } finally {
        lock.release();
      }
    } finally {
      release();
    }
  });
}

/** Puts `index` in the place of `list` under all its names. What the list was before is no image any more. @returns its ID */
export async function replaceList(list: StoredList, index: Index, store: Store): Promise<string> {
  const descriptor = await writeList(index, store);
  await store.names.publish(list.names, descriptor);
  if (descriptor.digest !== list.descriptor.digest) await store.names.remove(list.descriptor.digest);
  return digestHex(descriptor.digest);
}

/** Writes an index of the OCI form. It has no name yet. */
export async function writeList(index: Index, store: Store): Promise<Descriptor> {
  const { manifests, annotations, artifactType, subject } = index;
  const document = {
    ...buildIndex(manifests, 'oci', annotations),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject }),
  };
  return { mediaType: OCI_INDEX, ...(await store.blobs.putBytes(encodeJson(document))) };
}
