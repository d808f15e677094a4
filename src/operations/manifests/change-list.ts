import { UsageError } from '../../errors.js';
import {
  type Descriptor,
  type Digest,
  digestHex,
  type Index,
  isDigest,
  localName,
  type Platform,
  parsePlatform,
} from '../../image/index.js';
import { ImageNotFoundError, type Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { type ArtifactOptions, writeArtifact } from './artifact.js';
import { addEntries, changeEntries, changeEntry, type EntryChanges, removeEntry } from './edit-entries.js';
import { findListEntries, type ImageSearch } from './find-images.js';
import { readList, replaceList, type StoredList, withListLock, writeList } from './stored-list.js';

export interface CreateListOptions extends RegistryOptions {
  readonly list: string;
  readonly images: readonly string[];
  /** Every image of lists among the images, not just that for this machine. */
  readonly all: boolean;
  /** Change the list if there is one of that name. */
  readonly amend: boolean;
  /** Give the name to a new list, whatever has it. */
  readonly replace: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Partial<Platform>;
}

export interface AddToListOptions extends RegistryOptions {
  readonly list: string;
  readonly all: boolean;
  readonly changes: EntryChanges;
}

export interface AnnotateListOptions extends RegistryOptions {
  readonly list: string;
  /** Digest of an entry, or a name of its image; undefined: the list itself. */
  readonly image: string | undefined;
  readonly changes: EntryChanges;
  /** Name or digest of what the list says something about. */
  readonly subject: string | undefined;
}

/** What was changed. */
export interface ListChange {
  /** Of the list as it is now. */
  readonly id: string;
  readonly digest: Digest;
}

const EMPTY: Index = { schemaVersion: 2, manifests: [] };

/** Makes a list of images. @returns its ID @throws {UsageError} the name is taken */
export async function createList(options: CreateListOptions, services: Services): Promise<string> {
  return withListLock(options.list, services, async (store) => {
    const search = { store, access: new RegistryAccess(services, options), services };
    const named = store.names.list().find(({ name }) => name === localName(options.list));
    const isTaken = named !== undefined && !options.replace;
    if (isTaken && !options.amend) {
      throw new UsageError(`image name ${JSON.stringify(named.name)} is already associated with an image: that name is already in use`, {
        hint: 'Use --amend to change that list, or --replace to give the name to a new one',
      });
    }
    const before = isTaken ? readList(options.list, store) : undefined;
    const found: Descriptor[] = [];
    for (const image of options.images) found.push(...(await entriesFor(image, options.all ? 'all' : options.platform, search)));
    const changed = addEntries(before?.index ?? EMPTY, found);
    const index = annotated(changed, options.annotations);
    if (before !== undefined) return replaceList(before, index, store);
    const descriptor = await writeList(index, store);
    await store.names.publish([localName(options.list)], descriptor);
    return digestHex(descriptor.digest);
  });
}

/** Adds an image, or all images of a list, to a list. @throws {ImageNotFoundError} there is no such list */
export async function addToList(image: string, options: AddToListOptions, services: Services): Promise<ListChange> {
  return withListLock(options.list, services, async (store) => {
    const list = readList(options.list, store);
    const { os, architecture, variant } = options.changes;
    const which = options.all
      ? 'all'
      : {
          ...(os === undefined ? {} : { os }),
          ...(architecture === undefined ? {} : { architecture: parsePlatform(architecture).architecture }),
          ...(variant === undefined ? {} : { variant }),
        };
    const found = await entriesFor(image, which, { store, access: new RegistryAccess(services, options), services });
    // What is said of one image is not true of each of many.
    const changes = options.all ? { annotations: options.changes.annotations } : options.changes;
    return enter(list, found, changes, store);
  });
}

/** Makes an artifact of files and adds it to a list. */
export async function addArtifact(
  files: readonly string[],
  options: AddToListOptions & ArtifactOptions,
  services: Services,
): Promise<ListChange> {
  return withListLock(options.list, services, async (store) => {
    const list = readList(options.list, store);
    return enter(list, [await writeArtifact(files, options, store)], options.changes, store);
  });
}

/** Changes what the list says of one image, or of itself. */
export async function annotateList(options: AnnotateListOptions, services: Services): Promise<ListChange> {
  return withListLock(options.list, services, async (store) => {
    const list = readList(options.list, store);
    const subject =
      options.subject === undefined
        ? undefined
        : await describeSubject(options.subject, { store, access: new RegistryAccess(services, options), services });
    const whole: Index = subject === undefined ? list.index : { ...list.index, subject };
    if (options.image === undefined) {
      const id = await replaceList(list, annotated(whole, options.changes.annotations ?? {}), store);
      return { id, digest: store.names.resolve(id)?.descriptor.digest ?? list.descriptor.digest };
    }
    const digest = entryDigest(options.image, store);
    return { id: await replaceList(list, changeEntries(whole, digest, options.changes), store), digest };
  });
}

/** Takes an image out of a list; it stays in the store under its own names. */
export async function removeFromList(listName: string, image: string, services: Services): Promise<ListChange> {
  return withListLock(listName, services, async (store) => {
    const list = readList(listName, store);
    const digest = entryDigest(image, store);
    return { id: await replaceList(list, removeEntry(list.index, digest), store), digest };
  });
}

export async function listExists(name: string, services: Services): Promise<boolean> {
  return withStore(services, async (store) => {
    try {
      readList(name, store);
      return true;
    } catch {
      // Whatever is there under that name is not a list.
      return false;
    }
  });
}

async function entriesFor(image: string, which: 'all' | Partial<Platform>, search: ImageSearch): Promise<readonly Descriptor[]> {
  const found = await findListEntries(image, which, search);
  if (found.length === 0)
    throw new UsageError(`${image}: it has no image for the platform that was asked for`, {
      hint: 'Use --all, or name one with --os and --arch',
    });
  return found;
}

async function enter(list: StoredList, found: readonly Descriptor[], changes: EntryChanges, store: Store): Promise<ListChange> {
  const index = addEntries(
    list.index,
    found.map((entry) => changeEntry(entry, changes)),
  );
  const id = await replaceList(list, index, store);
  return { id, digest: found[0]?.digest ?? list.descriptor.digest };
}

function annotated(index: Index, annotations: Readonly<Record<string, string>>): Index {
  const all = { ...index.annotations, ...annotations };
  return Object.keys(all).length === 0 ? index : { ...index, annotations: all };
}

async function describeSubject(text: string, search: ImageSearch): Promise<Descriptor> {
  const local = search.store.names.resolve(text)?.descriptor;
  const { mediaType, digest, size } = local ?? (await entriesFor(text, {}, search))[0] ?? missing(text);
  return { mediaType, digest, size };
}

function entryDigest(text: string, store: Store): Digest {
  if (isDigest(text)) return text;
  return store.names.resolve(text)?.descriptor.digest ?? missing(text);
}

function missing(name: string): never {
  throw new ImageNotFoundError(name);
}
