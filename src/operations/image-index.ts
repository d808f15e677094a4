import {
  buildIndex,
  type Descriptor,
  digestHex,
  digestOf,
  encodeJson,
  FORMAT_TYPES,
  formatPlatform,
  type ImageFormat,
  isIndexType,
  normalizePlatform,
  type Platform,
  parseIndex,
} from '../image/index.js';
import type { Store } from '../store/index.js';

/** An image of an index. */
export interface PlatformImage {
  readonly descriptor: Descriptor;
  readonly platform: Platform;
  /** Of its entry, not of its manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes the index of these images. It has no name yet. */
export async function writeIndex(
  images: readonly PlatformImage[],
  format: ImageFormat,
  store: Store,
  annotations: Readonly<Record<string, string>> = {},
): Promise<Descriptor> {
  return writeEntries(images.map(entryOf), format, store, annotations);
}

/**
 * Makes `name` an index that holds these images beside those it, or the one image it named, had for other platforms. Several processes may
 * do it at once: nothing is lost.
 *
 * @param name full name
 */
export async function addToIndex(
  name: string,
  images: readonly PlatformImage[],
  store: Store,
  options: { readonly format: ImageFormat; readonly signal: AbortSignal },
): Promise<Descriptor> {
  return changeList(name, store, options.signal, async () => {
    const added = images.map(entryOf);
    return writeEntries([...othersOf(name, added, store), ...added], options.format, store);
  });
}

/** Gives an image its name without taking the name from images for other platforms: with them it becomes an index. */
export async function publishBeside(
  name: string,
  image: PlatformImage,
  store: Store,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  await changeList(name, store, options.signal, async () => {
    const others = othersOf(name, [entryOf(image)], store);
    return others.length === 0 ? image.descriptor : writeEntries([...others, entryOf(image)], 'oci', store);
  });
}

async function changeList(name: string, store: Store, signal: AbortSignal, change: () => Promise<Descriptor>): Promise<Descriptor> {
  const lock = await store.lockWork(digestHex(digestOf(Buffer.from(`list ${name}`))), { signal });
  try {
    const descriptor = await change();
    await store.names.publish([name], descriptor);
    return descriptor;
  } finally {
    lock.release();
  }
}

/** What `name` stands for now, for platforms none of `added` is for. */
function othersOf(name: string, added: readonly Descriptor[], store: Store): readonly Descriptor[] {
  const platforms = new Set(added.map(platformText));
  return entriesOf(name, store).filter((entry) => !platforms.has(platformText(entry)));
}

/** The platforms for which the store has the image, or an image of the index. */
export function storedPlatforms(descriptor: Descriptor, store: Store): readonly Platform[] {
  if (!isIndexType(descriptor.mediaType)) return [platformOf(store.readImage(descriptor).config)];
  const { manifests } = parseIndex(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  return manifests.flatMap((entry) => (entry.platform === undefined || !store.blobs.has(entry.digest) ? [] : [entry.platform]));
}

/** What `name` means now, as the entries of an index. */
function entriesOf(name: string, store: Store): readonly Descriptor[] {
  const found = store.names.list().find((image) => image.name === name)?.descriptor;
  if (found === undefined || !store.blobs.has(found.digest)) return [];
  if (isIndexType(found.mediaType)) return parseIndex(store.blobs.readAll(found), { declaredType: found.mediaType }).manifests;
  return [entryOf({ descriptor: found, platform: platformOf(store.readImage(found).config) })];
}

async function writeEntries(
  entries: readonly Descriptor[],
  format: ImageFormat,
  store: Store,
  annotations: Readonly<Record<string, string>> = {},
): Promise<Descriptor> {
  const blob = await store.blobs.putBytes(encodeJson(buildIndex(entries, format, annotations)));
  return { mediaType: FORMAT_TYPES[format].index, ...blob };
}

function entryOf({ descriptor, platform, annotations = {} }: PlatformImage): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const own = Object.keys(annotations).length === 0 ? {} : { annotations };
  return { mediaType, digest, size, platform: platformOf(platform), ...own };
}

/** The platform alone: a configuration has the same fields among others. */
function platformOf({ os, architecture, variant }: Platform): Platform {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function platformText({ platform }: Descriptor): string {
  return platform === undefined ? '' : formatPlatform(normalizePlatform(platform));
}
