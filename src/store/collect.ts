import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chainId, type DiffId, digestHex, isDigest } from '../image/index.js';
import type { BlobStore } from './blobs.js';
import type { BuildLogs } from './build-logs.js';
import type { ContainerRecords } from './containers.js';
import type { LayerRecords } from './layer-records.js';
import type { Layout } from './layout.js';
import type { NameStore } from './names.js';
import { listNames } from './record-files.js';
import { type References, referencedBy } from './references.js';
import type { Scratch } from './scratch.js';
import type { SelectionLists } from './selection-lists.js';
import type { StepRecords } from './step-records.js';
import type { StepSites } from './step-sites.js';
import { explainingFailure } from './system-errors.js';

/** What a collection did. */
export type CollectResult =
  | {
      readonly kind: 'collected';
      readonly blobs: number;
      readonly snapshots: number;
      readonly records: number;
      readonly freedBytes: number;
    }
  /** Another command uses the store; nothing was removed. */
  | { readonly kind: 'busy' };

export interface CollectOptions {
  /** Wait until the store is free instead of giving up. */
  readonly wait?: boolean;
  /** Forget cache records last used before this moment, and what only they hold. */
  readonly cacheUnusedSince?: Date;
  readonly signal?: AbortSignal;
}

export interface CollectedParts {
  readonly layout: Layout;
  readonly blobs: BlobStore;
  readonly names: NameStore;
  readonly layers: LayerRecords;
  readonly cache: StepRecords;
  readonly sites: StepSites;
  readonly selections: SelectionLists;
  readonly builds: BuildLogs;
  readonly containers: ContainerRecords;
  readonly scratch: Scratch;
}

/** Mark and sweep. The caller holds the store's lock exclusively, so nothing is on its way in. */
export function markAndSweep(parts: CollectedParts, options: CollectOptions): CollectResult & { kind: 'collected' } {
  const { layout } = parts;
  const expired = dropExpired(parts, options.cacheUnusedSince);
  const marked = mark(parts);
  let freedBytes = 0;
  const sweepFiles = (directory: string, isKept: (name: string) => boolean): number => {
    const doomed = listNames(directory).filter((name) => !isKept(name));
    for (const name of doomed) {
      const file = join(directory, name);
      freedBytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      explainingFailure(file, () => rmSync(file, { force: true, recursive: true }));
    }
    return doomed.length;
  };

  const snapshots = listNames(layout.snapshots).filter((name) => !marked.snapshots.has(name.replace(/^vfs-/, '')));
  for (const name of snapshots) parts.scratch.trash(join(layout.snapshots, name));
  const records = sweepFiles(layout.layers, (name) => marked.diffIds.has(name.replace(/\.json$/, '')));
  // Nobody can hold one: the exclusive lock is ours.
  sweepFiles(layout.workLocks, () => false);
  let blobs = 0;
  for (const algorithm of listNames(layout.blobs)) {
    blobs += sweepFiles(join(layout.blobs, algorithm), (name) => marked.blobs.has(`${algorithm}:${name}`));
  }
  sweepExplanations(parts, marked);
  return { kind: 'collected', blobs, snapshots: snapshots.length, records: records + expired, freedBytes };
}

/** What only explains goes with what it is about: places with their records, lists of files with the places, logs with their images. */
function sweepExplanations({ cache, sites, selections, builds }: CollectedParts, marked: Marked): void {
  const named = sites.retain(({ definition, parent }) => cache.find(definition, parent) !== undefined);
  selections.retain((selection) => named.has(selection));
  builds.retain((imageId) => marked.blobs.has(`sha256:${imageId}`));
}

interface Marked {
  /** Digests. */
  readonly blobs: Set<string>;
  /** Hexadecimal digits of diff ids. */
  readonly diffIds: Set<string>;
  /** Directory names below snapshots/. */
  readonly snapshots: Set<string>;
}

/** The directory for an empty lower layer has no chain and always stays. */
const EMPTY_SNAPSHOT = 'empty';

function mark(parts: CollectedParts): Marked {
  const marked: Marked = { blobs: new Set(), diffIds: new Set(), snapshots: new Set([EMPTY_SNAPSHOT]) };
  const markChain = (diffIds: readonly DiffId[]): void => {
    for (const [position, diffId] of diffIds.entries()) {
      marked.diffIds.add(digestHex(diffId));
      marked.snapshots.add(digestHex(chainId(diffIds.slice(0, position + 1)) as DiffId));
    }
  };
  const markImage = ({ blobs, chains }: References): void => {
    for (const digest of blobs) marked.blobs.add(digest);
    for (const chain of chains) markChain(chain);
  };

  for (const { descriptor } of parts.names.list()) markImage(referencedBy(parts.blobs, descriptor));
  for (const container of parts.containers.list()) {
    if (container.image !== undefined) markImage(referencedBy(parts.blobs, container.image.manifest));
    markChain(container.diffIds);
    for (const diffId of container.diffIds) markBlobsOf(parts.layers, diffId, marked);
  }
  for (const record of parts.cache.list()) {
    for (const digest of digestsIn(record.result)) {
      marked.blobs.add(digest);
      marked.diffIds.add(digest.slice(digest.indexOf(':') + 1));
      marked.snapshots.add(digest.slice(digest.indexOf(':') + 1));
      markBlobsOf(parts.layers, digest as DiffId, marked);
    }
  }
  return marked;
}

function markBlobsOf(layers: LayerRecords, diffId: DiffId, marked: Marked): void {
  for (const { digest } of layers.get(diffId)?.blobs ?? []) marked.blobs.add(digest);
}

/** Every string in a step's result that is a digest: which of them are blobs, diff ids or chains only the steps know. */
function digestsIn(value: unknown): string[] {
  if (typeof value === 'string') return isDigest(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(digestsIn) : [];
}

function dropExpired(parts: CollectedParts, unusedSince: Date | undefined): number {
  if (unusedSince === undefined) return 0;
  const expired = parts.cache.list().filter((record) => (parts.cache.usedAt(record) ?? unusedSince) < unusedSince);
  for (const { definition, parent } of expired) parts.cache.remove(definition, parent);
  return expired.length;
}
