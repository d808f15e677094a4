import { chainId, type DiffId, digestHex, digestsIn } from '../image/index.js';
import type { BlobStore } from './blobs.js';
import type { ContainerRecord } from './containers.js';
import type { LayerRecords } from './layer-records.js';
import type { NamedImage } from './names.js';
import { referencedBy } from './references.js';
import type { StepRecord } from './step-records.js';

/** What is to be kept for something's sake, as the names of files and directories. */
export interface Reachable {
  /** Digests. */
  readonly blobs: Set<string>;
  /** Hexadecimal digits of diff ids. */
  readonly diffIds: Set<string>;
  /** Hexadecimal digits of chain ids. */
  readonly snapshots: Set<string>;
}

/** Where the contents are looked up. */
export interface ReachableParts {
  readonly blobs: BlobStore;
  readonly layers: LayerRecords;
}

/** The directory for an empty lower layer has no chain and always stays. */
const EMPTY_SNAPSHOT = 'empty';

/** The chain id in the name of a directory below snapshots/; copies and overlays of one chain lie side by side. */
export function chainOfSnapshot(name: string): string {
  return name.replace(/^vfs-/, '');
}

export function nothingReached(): Reachable {
  return { blobs: new Set(), diffIds: new Set(), snapshots: new Set([EMPTY_SNAPSHOT]) };
}

/** Adds what an image needs to stay whole. @throws {DigestMismatchError} a manifest or config is damaged */
export function reachImage(reached: Reachable, { blobs }: ReachableParts, { descriptor }: Pick<NamedImage, 'descriptor'>): void {
  const needs = referencedBy(blobs, descriptor);
  for (const digest of needs.blobs) reached.blobs.add(digest);
  for (const chain of needs.chains) reachChain(reached, chain);
}

/** Adds what a working container stands on. @throws {DigestMismatchError} as {@link reachImage} */
export function reachContainer(reached: Reachable, parts: ReachableParts, { image, diffIds }: ContainerRecord): void {
  if (image !== undefined) reachImage(reached, parts, { descriptor: image.manifest });
  reachChain(reached, diffIds);
  for (const diffId of diffIds) reachBlobsOf(reached, parts, diffId);
}

/** Adds what the outcome of a step consists of: every string in it, at any depth, that is a digest of a blob, diff id or chain. */
export function reachRecord(reached: Reachable, parts: ReachableParts, { result }: Pick<StepRecord, 'result'>): void {
  for (const digest of digestsIn(result)) {
    const hex = digest.slice(digest.indexOf(':') + 1);
    reached.blobs.add(digest);
    reached.diffIds.add(hex);
    reached.snapshots.add(hex);
    reachBlobsOf(reached, parts, digest as string as DiffId);
  }
}

function reachChain(reached: Reachable, diffIds: readonly DiffId[]): void {
  for (const [position, diffId] of diffIds.entries()) {
    reached.diffIds.add(digestHex(diffId));
    reached.snapshots.add(digestHex(chainId(diffIds.slice(0, position + 1)) as DiffId));
  }
}

function reachBlobsOf(reached: Reachable, { layers }: ReachableParts, diffId: DiffId): void {
  for (const { digest } of layers.get(diffId)?.blobs ?? []) reached.blobs.add(digest);
}
