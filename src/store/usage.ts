import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { type Descriptor, isIndexType, parseIndex } from '../image/index.js';
import type { BlobStore } from './blobs.js';
import type { CacheMountRecord, CacheMounts } from './cache-mounts.js';
import type { CollectedParts } from './collect.js';
import type { NamedImage } from './names.js';
import { chainOfSnapshot, nothingReached, type Reachable, reachContainer, reachImage, reachRecord } from './reachable.js';
import { imageIdsOf, readImage } from './read-image.js';
import { listNames } from './record-files.js';
import type { StepRecord } from './step-records.js';
import { TreeSizes } from './tree-size.js';

/** What is known of one image; an index counts as one. Sizes in bytes: blobs and extracted layers together. */
export interface ImageUsage {
  readonly names: readonly string[];
  readonly image: NamedImage;
  /** Image ID; of an index, its own. The manifest's digits where the config is not here. */
  readonly id: string;
  readonly created: Date | undefined;
  /** Of an index: those of its first image that is here. */
  readonly labels: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  /** Part of it that another image has too. */
  readonly sharedBytes: number;
  /** Names of working containers that were made from it. */
  readonly containers: readonly string[];
}

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  /** What was written in it. */
  readonly sizeBytes: number;
}

export interface CacheUsage {
  readonly record: StepRecord;
  readonly usedAt: Date;
  /** The instruction, as it was last written; empty when that is not known any more. */
  readonly text: string;
  /** What is kept for this record alone: neither an image, a container nor a record that was used later has it. */
  readonly sizeBytes: number;
  /** Something else keeps what it leads to. */
  readonly shared: boolean;
}

/** What takes space below the store's root, in bytes. */
export interface StoreUsage {
  readonly images: readonly ImageUsage[];
  /** Of all images together, and of that what images without a container have alone. */
  readonly imageBytes: number;
  readonly reclaimableImageBytes: number;
  readonly containers: readonly ContainerUsage[];
  /** The last used first. */
  readonly cache: readonly CacheUsage[];
  readonly cacheMounts: readonly CacheMountRecord[];
  /** Blobs and extracted layers that nothing leads to: the next collection removes them. */
  readonly unreferencedBytes: number;
  /** What was removed already and waits to be deleted, and what killed commands left. */
  readonly trashBytes: number;
  readonly logBytes: number;
}

/** How often a measurement begins again after an image went while it was read. */
const ATTEMPTS = 20;

/**
 * Measures everything. Takes no lock: what changes meanwhile may be counted or not.
 *
 * @throws {BlobNotFoundError} an image lacks its manifest or config, and not because it was being removed
 */
export async function measureStore(parts: CollectedParts, cacheMounts: CacheMounts): Promise<StoreUsage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await measureOnce(parts, cacheMounts);
    } catch (error) {
      // A name that was listed may be gone, with its blobs, before they are read.
      if (!hasCode(error, 'BLOB_NOT_FOUND') || attempt === ATTEMPTS) throw error;
    }
  }
}

async function measureOnce(parts: CollectedParts, cacheMounts: CacheMounts): Promise<StoreUsage> {
  const sizes = await measureContents(parts);
  const all = parts.names.list();
  const byDigest = new Map<string, NamedImage[]>();
  for (const image of all) byDigest.set(image.descriptor.digest, [...(byDigest.get(image.descriptor.digest) ?? []), image]);
  const reached = [...byDigest.values()].map((entries) => {
    const own = nothingReached();
    reachImage(own, parts, entries[0]!);
    return { entries, own };
  });
  const users = new Map<string, number>();
  for (const { own } of reached) for (const item of itemsOf(own)) users.set(item, (users.get(item) ?? 0) + 1);
  const sum = (items: Iterable<string>, isCounted: (item: string) => boolean = () => true): number => {
    let bytes = 0;
    for (const item of items) if (isCounted(item)) bytes += sizes.get(item) ?? 0;
    return bytes;
  };

  const containers = parts.containers.list();
  const images = reached.map(({ entries, own }): ImageUsage => {
    const [image] = entries;
    const id = imageIdsOf(parts.blobs, image!.descriptor)[0] ?? image!.descriptor.digest.replace(/^.*:/, '');
    return {
      names: entries.flatMap(({ name }) => name ?? []),
      image: image!,
      id,
      ...describeImage(parts.blobs, image!.descriptor),
      sizeBytes: sum(itemsOf(own)),
      sharedBytes: sum(itemsOf(own), (item) => (users.get(item) ?? 0) > 1),
      containers: containers.filter((container) => container.image?.manifest.digest === image!.descriptor.digest).map(({ name }) => name),
    };
  });
  const keptByContainers = nothingReached();
  for (const container of containers) reachContainer(keptByContainers, parts, container);
  const needed = new Set(itemsOf(keptByContainers));
  const inImages = new Set(reached.flatMap(({ own }) => itemsOf(own)));
  const { cache, items: inCache } = measureCache(parts, sizes, new Set([...inImages, ...needed]));
  const referenced = new Set([...inImages, ...needed, ...inCache]);
  return {
    images,
    imageBytes: sum(inImages),
    reclaimableImageBytes: sum(inImages, (item) => !needed.has(item)),
    containers: await measureContainers(parts),
    cache,
    cacheMounts: cacheMounts.list(),
    unreferencedBytes: sum(sizes.keys(), (item) => !referenced.has(item)),
    trashBytes: (await treeBytes(parts.layout.trash)) + (await treeBytes(parts.layout.tmp)),
    logBytes: await treeBytes(parts.layout.logs),
  };
}

function describeImage(blobs: BlobStore, descriptor: Descriptor): Pick<ImageUsage, 'created' | 'labels'> {
  if (!blobs.has(descriptor.digest)) return { created: undefined, labels: {} };
  if (isIndexType(descriptor.mediaType)) {
    const { manifests } = parseIndex(blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
    const here = manifests.find(({ digest }) => blobs.has(digest));
    return here === undefined ? { created: undefined, labels: {} } : describeImage(blobs, here);
  }
  try {
    const { config } = readImage(blobs, descriptor);
    return { created: config.created === undefined ? undefined : new Date(config.created), labels: config.config?.Labels ?? {} };
  } catch (error) {
    // An artifact's config is not that of an image.
    if (hasCode(error, 'MANIFEST_INVALID')) return { created: undefined, labels: {} };
    throw error;
  }
}

function itemsOf({ blobs, snapshots }: Reachable): string[] {
  return [...blobs, ...[...snapshots].map(snapshotItem)];
}

function snapshotItem(chain: string): string {
  return `snapshot ${chain}`;
}

/** Bytes of each blob and each extracted layer. */
async function measureContents({ layout }: CollectedParts): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const algorithm of listNames(layout.blobs)) {
    for (const name of listNames(join(layout.blobs, algorithm))) {
      const stat = statSync(join(layout.blobs, algorithm, name), { throwIfNoEntry: false });
      if (stat !== undefined) sizes.set(`${algorithm}:${name}`, stat.size);
    }
  }
  const trees = new TreeSizes();
  for (const name of listNames(layout.snapshots)) {
    const item = snapshotItem(chainOfSnapshot(name));
    sizes.set(item, (sizes.get(item) ?? 0) + (await trees.add(join(layout.snapshots, name))));
  }
  return sizes;
}

function measureCache(
  parts: CollectedParts,
  sizes: ReadonlyMap<string, number>,
  keptElsewhere: ReadonlySet<string>,
): { readonly cache: readonly CacheUsage[]; readonly items: ReadonlySet<string> } {
  const texts = parts.sites.texts();
  const records = parts.cache.list().map((record) => ({ record, usedAt: parts.cache.usedAt(record) ?? new Date(0) }));
  records.sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
  const items = new Set<string>();
  const cache = records.map(({ record, usedAt }): CacheUsage => {
    const own = nothingReached();
    reachRecord(own, parts, record);
    const there = itemsOf(own).filter((item) => sizes.has(item) && !item.endsWith(' empty'));
    const alone = there.filter((item) => !keptElsewhere.has(item) && !items.has(item));
    for (const item of there) items.add(item);
    const sizeBytes = alone.reduce((bytes, item) => bytes + (sizes.get(item) ?? 0), 0);
    return { record, usedAt, text: texts.get(record.definition) ?? '', sizeBytes, shared: alone.length < there.length };
  });
  return { cache, items };
}

async function measureContainers({ containers }: CollectedParts): Promise<readonly ContainerUsage[]> {
  const found: ContainerUsage[] = [];
  for (const { id, name } of containers.list()) {
    found.push({ id, name, sizeBytes: await treeBytes(containers.working(id).upper) });
  }
  return found;
}

function treeBytes(directory: string): Promise<number> {
  return new TreeSizes().add(directory);
}
