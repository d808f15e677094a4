import { closeSync, openSync } from 'node:fs';
import { candidateNames, type Descriptor, digestHex, isDigest, parseReference, ReferenceSyntaxError } from '../image/index.js';
import { syncfs } from '../sys/index.js';
import { AmbiguousImageError } from './errors.js';
import { entryName, type IndexEntry, namedEntry, readIndex, unnamedEntry, writeIndex } from './index-file.js';
import type { Layout } from './layout.js';
import { withLock } from './locks.js';

/** An entry of index.json. */
export interface NamedImage {
  /** Full name, `localhost/app:latest`; absent for an image that lost its name and was not removed. */
  readonly name?: string;
  /** Of a manifest or an index; without the annotations that hold the name. */
  readonly descriptor: Descriptor;
}

export interface NameStore {
  /** Every image of the store, as index.json has them now. */
  list(): readonly NamedImage[];
  /**
   * What `nameOrId` means, in this order: full name; the forms a short name stands for (`localhost/NAME:latest`, then Docker Hub's);
   * digest of a manifest or config; unique prefix, three digits or more, of an image ID.
   *
   * @returns `name` is the full name it was found under, absent when found by ID or digest
   * @throws {AmbiguousImageError} a prefix of several image IDs
   */
  resolve(nameOrId: string): NamedImage | undefined;
  /**
   * Let `names` point to the image. The one moment at which a build or pull becomes visible: everything written to the file system before
   * is synced first, then index.json is replaced in one step. An image that loses its last name stays as an entry without one.
   *
   * @param names full names; none: the image is entered without a name unless it is there already
   */
  publish(names: readonly string[], descriptor: Descriptor): Promise<void>;
  /** Take names away; images that have no other stay as entries without a name. Returns the names that were there. */
  untag(names: readonly string[]): Promise<readonly string[]>;
  /** Drop every entry of this image, named or not. Blobs go at the next collection. */
  remove(digest: Descriptor['digest']): Promise<void>;
}

export interface NamesOptions {
  readonly layout: Layout;
  readonly ensureLayout: () => void;
  /** What is to be done once what was written so far has reached the disk. */
  readonly unsynced: (() => void)[];
  readonly noSync: boolean;
  /** Registries a short name may come from. */
  readonly searchRegistries: readonly string[];
  /** IDs of the images an entry stands for; several for an index. */
  readonly imageIds: (descriptor: Descriptor) => readonly string[];
}

const MIN_PREFIX = 3;

export function openNames(options: NamesOptions): NameStore {
  const { layout } = options;
  const list = (): NamedImage[] => readIndex(layout.indexFile).map(namedImage);
  const change = async (edit: (entries: readonly IndexEntry[]) => readonly IndexEntry[]): Promise<void> => {
    options.ensureLayout();
    await withLock(layout.indexLock, 'exclusive', () => {
      const before = readIndex(layout.indexFile);
      const after = edit(before);
      if (JSON.stringify(after) !== JSON.stringify(before)) writeIndex(layout.indexFile, after, { sync: !options.noSync });
    });
  };

  return {
    list,
    resolve(nameOrId) {
      const images = list();
      return findByName(images, nameOrId, options.searchRegistries) ?? findById(images, nameOrId, options.imageIds);
    },
    async publish(names, descriptor) {
      if (isPublished(list(), names, descriptor)) return;
      options.ensureLayout();
      if (!options.noSync) {
        const written = options.unsynced.splice(0);
        syncFileSystem(layout.root);
        for (const confirm of written) confirm();
      }
      await change((entries) => pointNames(entries, names, descriptor));
    },
    async untag(names) {
      const removed: string[] = [];
      await change((entries) => {
        const wanted = new Set(names);
        removed.push(...(entries.map(entryName).filter((name) => name !== undefined && wanted.has(name)) as string[]));
        return dropNames(entries, wanted);
      });
      return removed;
    },
    async remove(digest) {
      await change((entries) => entries.filter((entry) => entry.digest !== digest));
    },
  };
}

function namedImage(entry: IndexEntry): NamedImage {
  const name = entryName(entry);
  return { ...(name === undefined ? {} : { name }), descriptor: unnamedEntry(entry) };
}

function findByName(images: readonly NamedImage[], text: string, searchRegistries: readonly string[]): NamedImage | undefined {
  const exact = images.find((image) => image.name === text);
  if (exact !== undefined) return exact;
  let candidates: readonly string[];
  try {
    candidates = candidateNames(text, { searchRegistries, local: true });
  } catch (error) {
    // An image ID need not be a name.
    if (error instanceof ReferenceSyntaxError) return undefined;
    throw error;
  }
  for (const candidate of candidates) {
    const found = images.find((image) => image.name === candidate) ?? findInRepository(images, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `NAME@sha256:...`: the image with that digest among those of the repository, whatever their tags. */
function findInRepository(images: readonly NamedImage[], candidate: string): NamedImage | undefined {
  const { registry, repository, digest } = parseReference(candidate);
  if (digest === undefined) return undefined;
  const found = images.find(
    ({ name, descriptor }) =>
      descriptor.digest === digest && (name?.startsWith(`${registry}/${repository}:`) || name?.startsWith(`${registry}/${repository}@`)),
  );
  return found;
}

function findById(
  images: readonly NamedImage[],
  text: string,
  imageIds: (descriptor: Descriptor) => readonly string[],
): NamedImage | undefined {
  const byDigest = isDigest(text) ? images.find((image) => image.descriptor.digest === text) : undefined;
  if (byDigest !== undefined) return { descriptor: byDigest.descriptor };
  const prefix = isDigest(text) ? digestHex(text) : text;
  if (prefix.length < MIN_PREFIX || !/^[a-f0-9]+$/.test(prefix)) return undefined;
  const found = new Map<string, NamedImage>();
  for (const { descriptor } of images) {
    for (const id of imageIds(descriptor)) {
      if (id.startsWith(prefix) && !found.has(id)) found.set(id, { descriptor });
    }
  }
  if (found.size > 1) throw new AmbiguousImageError(prefix, [...found.keys()]);
  return [...found.values()][0];
}

function isPublished(images: readonly NamedImage[], names: readonly string[], descriptor: Descriptor): boolean {
  if (names.length === 0) return images.some((image) => image.descriptor.digest === descriptor.digest);
  return names.every((name) => images.some((image) => image.name === name && image.descriptor.digest === descriptor.digest));
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file */
function pointNames(entries: readonly IndexEntry[], names: readonly string[], descriptor: Descriptor): readonly IndexEntry[] {
  const kept = dropNames(entries, new Set(names)).filter((entry) => entry.digest !== descriptor.digest || entryName(entry) !== undefined);
  if (names.length > 0) return [...kept, ...names.map((name) => namedEntry(descriptor, name))];
  return kept.some((entry) => entry.digest === descriptor.digest) ? kept : [...kept, unnamedEntry(descriptor)];
}

/** Entries without these names; an image none of whose names is left keeps one entry without a name. */
function dropNames(entries: readonly IndexEntry[], names: ReadonlySet<string>): readonly IndexEntry[] {
  const isDropped = (entry: IndexEntry): boolean => {
    const name = entryName(entry);
    return name !== undefined && names.has(name);
  };
  const kept: IndexEntry[] = entries.filter((entry) => !isDropped(entry));
  for (const entry of entries.filter(isDropped)) {
    if (!kept.some((other) => other.digest === entry.digest)) kept.push(unnamedEntry(entry));
  }
  return kept;
}

// One syncfs(2) makes everything a name will refer to durable before the name does; fsync of each blob would cost more (0.4 ms a file).
function syncFileSystem(root: string): void {
  const fd = openSync(root, 'r');
  try {
    syncfs(fd);
  } finally {
    closeSync(fd);
  }
}
