import { UsageError } from '../../errors.js';
import { parseSize } from '../../parser/index.js';
import type { CacheLimits, CacheMountRecord, CacheUsage, CollectResult, ImageUsage, Store, StoreUsage } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { type PruneFilters, parsePruneFilters } from './prune-filters.js';

export interface PruneOptions {
  /** `dangling`: without a name; `unused`: also those with one that no working container was made from. */
  readonly images: 'none' | 'dangling' | 'unused';
  /** Outcomes of build steps. */
  readonly cache: boolean;
  readonly cacheMounts: boolean;
  /** Working containers as well, so that no image is in use. */
  readonly containers: boolean;
  /** Each as `parsePruneFilters` reads it. */
  readonly filters: readonly string[];
  /** How much of the cache stays, as a size (`10GB`): the last used outcomes, and as much of cache mounts. */
  readonly keepStorage?: string | undefined;
  readonly dryRun: boolean;
  readonly now: Date;
}

export interface PruneResult {
  /** Image IDs. */
  readonly images: readonly string[];
  /** Container IDs. */
  readonly containers: readonly string[];
  /** Outcomes of steps. */
  readonly records: number;
  readonly cacheMounts: readonly CacheMountRecord[];
  readonly freedBytes: number;
}

/**
 * Removes what is not needed. Waits until no other command uses the store. With `dryRun` nothing changes, and the result is what would
 * have been done.
 *
 * @throws {UsageError} a filter or a size without meaning
 */
export async function prune(options: PruneOptions, services: Services): Promise<PruneResult> {
  const filters = parsePruneFilters(options.filters, options.now);
  const keepBytes = parseKeepStorage(options.keepStorage);
  return withStore(services, async (store) => {
    const usage = await store.measure();
    const containers = options.containers && !hasFilters(filters) ? store.containers.list().map(({ id }) => id) : [];
    const images = chooseImages(usage, options, filters, containers.length > 0);
    if (!options.dryRun) for (const id of containers) await store.containers.remove(id);
    const containerBytes = usage.containers.filter(({ id }) => containers.includes(id)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const collected = await collect(images, { ...options, keepBytes }, filters, usage, store, services);
    const mounts = chooseMounts(usage, { ...options, keepBytes }, filters, store);
    const cacheMounts = options.dryRun ? mounts : store.cacheMounts.remove(mounts);
    return {
      images: images.map(({ id }) => id),
      containers,
      records: collected.records,
      cacheMounts,
      freedBytes: collected.freedBytes + containerBytes + cacheMounts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
  });
}

interface Chosen extends PruneOptions {
  readonly keepBytes: number | undefined;
}

async function collect(
  images: readonly ImageUsage[],
  options: Chosen,
  filters: PruneFilters,
  usage: StoreUsage,
  store: Store,
  { signal }: Services,
): Promise<Extract<CollectResult, { kind: 'collected' }>> {
  const digests = new Set(images.map(({ image }) => image.descriptor.digest));
  const cache = options.cache ? cacheLimits(options, filters, usage.cache) : {};
  const result = await store.collect({
    wait: true,
    dropImage: ({ descriptor }) => digests.has(descriptor.digest),
    cache,
    dryRun: options.dryRun,
    signal,
  });
  if (result.kind === 'busy') throw new TypeError('a collection that waits is never turned away');
  return result;
}

function cacheLimits({ keepBytes }: Chosen, filters: PruneFilters, cache: readonly CacheUsage[]): CacheLimits {
  const chosen = new Set(cache.filter((entry) => fitsRecord(entry, filters)).map(({ record }) => `${record.definition} ${record.parent}`));
  return {
    candidate: ({ definition, parent }) => chosen.has(`${definition} ${parent}`),
    ...(keepBytes === undefined ? {} : { maxBytes: keepBytes }),
  };
}

function fitsRecord({ record, usedAt, sizeBytes }: CacheUsage, { until, unusedSince, minBytes, labels }: PruneFilters): boolean {
  return (
    labels.length === 0 &&
    (until === undefined || Date.parse(record.createdAt) < until.getTime()) &&
    (unusedSince === undefined || usedAt < unusedSince) &&
    (minBytes === undefined || sizeBytes >= minBytes)
  );
}

function chooseMounts(usage: StoreUsage, options: Chosen, filters: PruneFilters, store: Store): readonly CacheMountRecord[] {
  if (!options.cacheMounts || filters.labels.length > 0) return [];
  const { until, unusedSince, minBytes } = filters;
  const fit = usage.cacheMounts.filter(
    ({ usedAt, sizeBytes }) =>
      (until === undefined || usedAt < until) &&
      (unusedSince === undefined || usedAt < unusedSince) &&
      (minBytes === undefined || sizeBytes >= minBytes),
  );
  if (options.keepBytes === undefined) return fit;
  // The list begins with what was not used for longest.
  let bytes = store.cacheMounts.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return fit.filter(({ sizeBytes }) => {
    const isOver = bytes > options.keepBytes!;
    if (isOver) bytes -= sizeBytes;
    return isOver;
  });
}

function chooseImages(usage: StoreUsage, options: PruneOptions, filters: PruneFilters, noContainers: boolean): readonly ImageUsage[] {
  if (options.images === 'none') return [];
  return usage.images.filter(
    (image) =>
      (noContainers || image.containers.length === 0) &&
      (options.images === 'unused' || image.names.length === 0) &&
      fitsImage(image, filters),
  );
}

function fitsImage({ created, labels, sizeBytes, sharedBytes }: ImageUsage, filters: PruneFilters): boolean {
  const { until, unusedSince, minBytes } = filters;
  return (
    unusedSince === undefined &&
    (until === undefined || (created !== undefined && created < until)) &&
    (minBytes === undefined || sizeBytes - sharedBytes >= minBytes) &&
    filters.labels.every(({ name, value, present }) => {
      const has = Object.hasOwn(labels, name) && (value === undefined || labels[name] === value);
      return has === present;
    })
  );
}

function hasFilters({ until, unusedSince, minBytes, labels }: PruneFilters): boolean {
  return until !== undefined || unusedSince !== undefined || minBytes !== undefined || labels.length > 0;
}

/** @throws {UsageError} */
function parseKeepStorage(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text);
  if (bytes === undefined) throw new UsageError(`invalid --keep-storage "${text}": expected a size such as 10GB`);
  return bytes;
}
