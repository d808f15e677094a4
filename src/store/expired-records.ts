import { type DiffId, type Digest, isDigest } from '../image/index.js';
import { nothingReached, type Reachable, type ReachableParts, reachRecord } from './reachable.js';
import type { StepRecord, StepRecords } from './step-records.js';

/** Which outcomes of steps a collection lets go; without limits it keeps all. */
export interface CacheLimits {
  /** Those last used before this moment. */
  readonly unusedSince?: Date;
  /** The least recently used ones, until what only the cache keeps takes no more bytes than this. */
  readonly maxBytes?: number;
  /** Those for which this is false are kept whatever the other limits say. */
  readonly candidate?: (record: StepRecord) => boolean;
}

/**
 * Records beyond the limits, found without walking a tree: a blob counts by its size, an extracted layer by that of its tar.
 *
 * @param kept what images and containers keep anyway; it costs the cache nothing
 */
export function expiredRecords(
  parts: ReachableParts & { readonly cache: StepRecords },
  limits: CacheLimits,
  kept: Reachable,
): readonly StepRecord[] {
  const { unusedSince, maxBytes = Number.POSITIVE_INFINITY, candidate = () => true } = limits;
  if (unusedSince === undefined && maxBytes === Number.POSITIVE_INFINITY && limits.candidate === undefined) return [];
  const byUse = parts.cache
    .list()
    .map((record) => ({ record, usedAt: parts.cache.usedAt(record)?.getTime() ?? 0 }))
    .sort((a, b) => b.usedAt - a.usedAt);
  const counted = new Set<string>();
  let bytes = 0;
  const noLimit = unusedSince === undefined && limits.maxBytes === undefined;
  return byUse.flatMap(({ record, usedAt }) => {
    if (!candidate(record)) return [];
    bytes += newBytes(parts, record, kept, counted);
    const isOld = unusedSince !== undefined && usedAt < unusedSince.getTime();
    return noLimit || isOld || bytes > maxBytes ? [record] : [];
  });
}

/** What the record adds to what was counted; it is counted then. */
function newBytes(parts: ReachableParts, record: StepRecord, kept: Reachable, counted: Set<string>): number {
  const own = nothingReached();
  reachRecord(own, parts, record);
  let bytes = 0;
  const count = (name: string, isKept: boolean, size: () => number): void => {
    if (isKept || counted.has(name)) return;
    counted.add(name);
    bytes += size();
  };
  for (const digest of own.blobs) {
    if (isDigest(digest) && parts.blobs.has(digest)) count(digest, kept.blobs.has(digest), () => parts.blobs.size(digest as Digest));
  }
  for (const hex of own.diffIds) {
    const layer = parts.layers.get(`sha256:${hex}` as DiffId);
    if (layer !== undefined) count(`layer ${hex}`, kept.diffIds.has(hex), () => layer.uncompressedBytes ?? 0);
  }
  return bytes;
}
