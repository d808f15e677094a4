import {
  type CacheDocument,
  type CachedLayer,
  encodeCacheDocument,
  isShareable,
  type RootState,
  recordsOfImage,
  type SharedRecords,
  shareRecords,
} from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import { ANNOTATION_INLINE_CACHE, type Descriptor, type DiffId, type ImageFormat } from '../../image/index.js';
import type { StepRecord, Store } from '../../store/index.js';
import type { ImageSource } from '../../transports/index.js';
import type { Services, Workspace } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import type { RemoteLayers } from '../remote/remote-layers.js';
import { exportCache } from './cache-export.js';
import { importCache } from './cache-import.js';
import { archiveMounts, restoringMounts } from './cache-mount-archive.js';
import { type CacheFrom, type CacheTo, parseCacheFrom, parseCacheTo } from './cache-spec.js';

export interface SharedCacheOptions {
  /** As given with `--cache-from` and `--cache-to`. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** False: a build of one layer, which has no steps to share. */
  readonly layers: boolean;
  /** Nothing is to be found, only written. */
  readonly noCache: boolean;
  readonly format: ImageFormat;
}

/** An annotation larger than this would not leave room for the manifest itself, whose limit is 4 MiB. */
const MAX_INLINE_BYTES = 2 * 1024 * 1024;

/**
 * The cache of one build as far as it comes from elsewhere or goes there. Whatever fails here is told as a warning: a build is only slower
 * without. The one exception is a layer that a step needs and that was promised: see `withSharedWorkspace`.
 */
export class SharedCache {
  readonly #records: SharedRecords;
  readonly #remote: RemoteLayers;
  readonly #to: readonly CacheTo[];
  readonly #access: RegistryAccess;
  readonly #services: Services;
  /** The workspace for the build: its records are shared. */
  readonly workspace: Workspace;
  /** Some of them come from elsewhere. */
  readonly hasImported: boolean;

  private constructor(
    workspace: Workspace,
    remote: RemoteLayers,
    imported: { readonly documents: readonly CacheDocument[]; readonly sources: readonly ImageSource[] },
    to: readonly CacheTo[],
    access: RegistryAccess,
    services: Services,
  ) {
    const { store } = workspace;
    this.#remote = remote;
    for (const [position, { layers }] of imported.documents.entries())
      remote.offer(layers, { source: imported.sources[position]!, kind: 'cache' });
    const records = imported.documents.flatMap((document) => document.records);
    this.hasImported = records.length > 0;
    this.#records = shareRecords(store.cache, records, (diffId) => this.isObtainable(diffId as DiffId));
    this.#to = to;
    this.#access = access;
    this.#services = services;
    const mounts = imported.documents.flatMap((document, position) =>
      document.mounts.map((mount) => ({ mount, source: imported.sources[position]! })),
    );
    const warn = (text: string): void => this.#warn(text);
    this.workspace = {
      ...workspace,
      store: {
        ...store,
        cache: this.#records.records,
        cacheMounts: restoringMounts(store.cacheMounts, mounts, { warn, signal: services.signal }),
      },
    };
  }

  /** Reads the records of every source. @throws {UsageError} {UnsupportedFeatureError} what is asked for makes no sense */
  static async open(
    options: SharedCacheOptions,
    workspace: Workspace,
    remote: RemoteLayers,
    access: RegistryAccess,
    services: Services,
  ): Promise<SharedCache> {
    const from = options.cacheFrom.map(parseCacheFrom);
    const to = options.cacheTo.map(parseCacheTo);
    if (!options.layers) throw new UsageError('--cache-from and --cache-to need a layer for each step: leave out --layers=false');
    if (options.format === 'docker' && to.some(({ type }) => type === 'inline'))
      throw new UsageError("--cache-to type=inline needs --format oci: Docker's manifests have no place for it");
    const documents: CacheDocument[] = [];
    const sources: ImageSource[] = [];
    const read = await Promise.all((options.noCache ? [] : from).map((place) => tryImport(place, workspace.store, access, services)));
    for (const found of read) {
      if (found === undefined) continue;
      documents.push(found.document);
      sources.push(found.source);
    }
    return new SharedCache(workspace, remote, { documents, sources }, to, access, services);
  }

  /** Whether the layer is in the store or can be brought there. */
  isObtainable(diffId: DiffId): boolean {
    return this.#remote.has(diffId) || this.#remote.isStored(diffId);
  }

  /** What the manifest of an image tells of how it was made (`type=inline`). */
  async inlineAnnotations(root: RootState): Promise<Record<string, string>> {
    if (!this.#to.some(({ type }) => type === 'inline')) return {};
    const records = (await this.#recordsOf([root])).filter(isShareable).map((record) => ({ ...record, inputs: {} }));
    const bytes = encodeCacheDocument({ records, layers: [], mounts: [] });
    if (bytes.length <= MAX_INLINE_BYTES) return { [ANNOTATION_INLINE_CACHE]: new TextDecoder().decode(bytes) };
    this.#warn(`--cache-to type=inline: ${records.length} steps are too many for a manifest; use type=registry`);
    return {};
  }

  /**
   * Writes the cache to every place `--cache-to` names, all at once.
   * @param roots of the images that were built
   */
  async export(roots: readonly RootState[]): Promise<void> {
    const { reporter, settings, signal } = this.#services;
    const { store } = this.#remote;
    await Promise.all(
      this.#to.map(async (to) => {
        if (to.type === 'inline') return;
        const name = describePlace(to);
        try {
          const archived = await archiveMounts(to.mounts, store, { warn: (text) => this.#warn(text), signal });
          const steps = this.#documentOf(to.mode === 'max' ? this.#records.used() : await this.#recordsOf(roots));
          const document = { ...steps, mounts: archived.mounts };
          const openBlob = (blob: Descriptor, opening?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array> =>
            // A layer that was never fetched goes from its source to the destination.
            archived.openBlob(blob.digest) ??
            (store.blobs.has(blob.digest, blob.size) ? undefined : this.#remote.openBlob(blob, opening)) ??
            store.blobs.open(blob);
          const options = { store, access: this.#access, openBlob, tempDir: settings.tmpDir, reporter, signal };
          const { sentBytes } = await exportCache(document, to, options);
          const sent = sentBytes === 0 ? 'nothing was new' : `${sentBytes} bytes sent`;
          const text = `cache to ${name}: ${count(document.records, 'record')}, ${count(document.layers, 'layer')}, ${sent}`;
          reporter.report({ kind: 'note', text });
        } catch (error) {
          signal.throwIfAborted();
          this.#warn(`cannot export the cache to ${name}: ${(error as Error).message}`);
        }
      }),
    );
  }

  async close(): Promise<void> {
    await this.#records.settled();
  }

  async #recordsOf(roots: readonly RootState[]): Promise<StepRecord[]> {
    const used = this.#records.used();
    const chains = await Promise.all(roots.map((root) => Promise.all(root.layers.map((layer) => layer.identity))));
    return [...new Set(chains.flatMap((layers) => recordsOfImage(used, layers)))];
  }

  /** A record whose layer cannot be had any more helps nobody. */
  #documentOf(used: readonly StepRecord[]): CacheDocument {
    const layers = new Map<string, CachedLayer>();
    const records = used.filter(isShareable).filter(({ result: { diffId } }) => {
      if (typeof diffId !== 'string') return true;
      const layer = this.#layerOf(diffId as DiffId);
      if (layer !== undefined) layers.set(diffId, layer);
      return layer !== undefined;
    });
    return { records, layers: [...layers.values()], mounts: [] };
  }

  /** The smallest form is usually zstd; which of several it is must not depend on the order they came in. */
  #layerOf(diffId: DiffId): CachedLayer | undefined {
    const blobs = [...(this.#remote.store.layers.get(diffId)?.blobs ?? [])].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const blob = blobs.find(({ compression }) => compression === 'zstd') ?? blobs[0];
    return blob === undefined ? this.#remote.find(diffId) : { diffId, ...blob };
  }

  #warn(text: string): void {
    this.#services.reporter.report({ kind: 'warning', text });
  }
}

async function tryImport(from: CacheFrom, store: Store, access: RegistryAccess, services: Services) {
  const { reporter, signal } = services;
  const name = describePlace(from);
  try {
    const found = await importCache(from, { store, access, signal });
    const { records, layers } = found.document;
    reporter.report({ kind: 'note', text: `cache from ${name}: ${count(records, 'record')}, ${count(layers, 'layer')}` });
    return found;
  } catch (error) {
    signal.throwIfAborted();
    reporter.report({ kind: 'warning', text: `cannot import the cache from ${name}: ${(error as Error).message}` });
    return undefined;
  }
}

function describePlace(place: CacheFrom): string {
  return place.type === 'registry' ? place.reference : `${place.path} (${place.tag})`;
}

function count(things: readonly unknown[], word: string): string {
  return `${things.length} ${word}${things.length === 1 ? '' : 's'}`;
}
