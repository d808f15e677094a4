import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobStore } from './blobs.js';
import type { BuildLogs } from './build-logs.js';
import type { ContainerRecords } from './containers.js';
import { type CacheLimits, expiredRecords } from './expired-records.js';
import type { LayerRecords } from './layer-records.js';
import type { Layout } from './layout.js';
import type { NamedImage, NameStore } from './names.js';
import { chainOfSnapshot, nothingReached, type Reachable, reachContainer, reachImage, reachRecord } from './reachable.js';
import { listNames } from './record-files.js';
import type { Scratch } from './scratch.js';
import type { SelectionLists } from './selection-lists.js';
import type { StepRecord, StepRecords } from './step-records.js';
import type { StepSites } from './step-sites.js';
import { explainingFailure } from './system-errors.js';
import { TreeSizes } from './tree-size.js';

/** What a collection did, or with `dryRun` would do. */
export type CollectResult =
  | {
      readonly kind: 'collected';
      /** Entries of index.json that went. */
      readonly images: readonly NamedImage[];
      readonly blobs: number;
      readonly snapshots: number;
      /** Outcomes of steps that the cache forgot. */
      readonly records: number;
      readonly freedBytes: number;
    }
  /** Another command uses the store; nothing was removed. */
  | { readonly kind: 'busy' };

export interface CollectOptions {
  /** Wait until the store is free instead of giving up. */
  readonly wait?: boolean;
  /** Drop these images with all their names; none if left out. */
  readonly dropImage?: (image: NamedImage) => boolean;
  /** Forget cache records beyond these limits, and what only they hold. */
  readonly cache?: CacheLimits;
  /** Change nothing. */
  readonly dryRun?: boolean;
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

/** What is to go. */
interface Plan {
  readonly images: readonly NamedImage[];
  readonly records: readonly StepRecord[];
  readonly kept: Reachable;
  /** Paths. */
  readonly blobs: readonly string[];
  readonly layers: readonly string[];
  readonly snapshots: readonly string[];
  readonly bytes: number;
}

/** Mark and sweep. The caller holds the store's lock exclusively, so nothing is on its way in. */
export async function markAndSweep(parts: CollectedParts, options: CollectOptions): Promise<CollectResult & { kind: 'collected' }> {
  const plan = await planCollection(parts, options);
  if (options.dryRun !== true) await sweep(parts, plan);
  const { images, records, blobs, snapshots, bytes } = plan;
  return {
    kind: 'collected',
    images,
    records: records.length,
    blobs: blobs.length,
    snapshots: snapshots.length,
    freedBytes: bytes,
  };
}

async function planCollection(parts: CollectedParts, { dropImage = () => false, cache = {} }: CollectOptions): Promise<Plan> {
  const { layout } = parts;
  const kept = nothingReached();
  const images: NamedImage[] = [];
  for (const image of parts.names.list()) {
    if (dropImage(image)) images.push(image);
    else reachImage(kept, parts, image);
  }
  for (const container of parts.containers.list()) reachContainer(kept, parts, container);
  const records = expiredRecords(parts, cache, kept);
  const expired = new Set(records.map(recordName));
  for (const record of parts.cache.list()) if (!expired.has(recordName(record))) reachRecord(kept, parts, record);

  const blobs = listNames(layout.blobs).flatMap((algorithm) =>
    listNames(join(layout.blobs, algorithm))
      .filter((name) => !kept.blobs.has(`${algorithm}:${name}`))
      .map((name) => join(layout.blobs, algorithm, name)),
  );
  const layers = listNames(layout.layers).filter((name) => !kept.diffIds.has(name.replace(/\.json$/, '')));
  const snapshots = listNames(layout.snapshots)
    .filter((name) => !kept.snapshots.has(chainOfSnapshot(name)))
    .map((name) => join(layout.snapshots, name));
  const sizes = new TreeSizes();
  let bytes = 0;
  for (const file of blobs) bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  for (const directory of snapshots) bytes += await sizes.add(directory);
  return {
    images,
    records,
    kept,
    blobs,
    layers: layers.map((name) => join(layout.layers, name)),
    snapshots,
    bytes: bytes - sizes.heldElsewhere,
  };
}

function recordName({ definition, parent }: StepRecord): string {
  return `${definition} ${parent}`;
}

/** What others stand on goes last: a collection that is killed leaves only what the next one removes. */
async function sweep(parts: CollectedParts, plan: Plan): Promise<void> {
  for (const digest of new Set(plan.images.map(({ descriptor }) => descriptor.digest))) await parts.names.remove(digest);
  for (const { definition, parent } of plan.records) parts.cache.remove(definition, parent);
  for (const directory of plan.snapshots) parts.scratch.trash(directory);
  // Nobody can hold a lock of work: the exclusive lock is ours.
  const workLocks = listNames(parts.layout.workLocks).map((name) => join(parts.layout.workLocks, name));
  for (const file of [...plan.layers, ...plan.blobs, ...workLocks]) {
    explainingFailure(file, () => rmSync(file, { force: true, recursive: true }));
  }
  sweepExplanations(parts, plan.kept);
}

/** What only explains goes with what it is about: places with their records, lists of files with the places, logs with their images. */
function sweepExplanations({ cache, sites, selections, builds }: CollectedParts, kept: Reachable): void {
  const named = sites.retain(({ definition, parent }) => cache.find(definition, parent) !== undefined);
  selections.retain((selection) => named.has(selection));
  builds.retain((imageId) => kept.blobs.has(`sha256:${imageId}`));
}
