import type { CachedLayer } from '../../builder/steps/index.js';
import { TsbuildError } from '../../errors.js';
import { type Descriptor, type DiffId, layerMediaType } from '../../image/index.js';
import type { GrowingFile } from '../../layers/index.js';
import type { Reporter } from '../../progress.js';
import type { Store } from '../../store/index.js';
import type { ImageSource, RepositoryName } from '../../transports/index.js';
import { LayerDownload } from './layer-download.js';

/** A layer that a cache source had promised cannot be had. */
export class CacheLayerLostError extends TsbuildError {
  readonly code = 'CACHE_LAYER_LOST';
  constructor(
    readonly diffId: DiffId,
    readonly origin: string,
    options: ErrorOptions,
  ) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`Cannot fetch the layer ${diffId} of ${origin}: ${reason}`, options);
  }
}

/** Who says that a layer is to be had. */
export interface LayerOrigin {
  readonly source: ImageSource;
  /** `cache`: a build is possible without it; `image`: it is not. */
  readonly kind: 'cache' | 'image';
}

interface Offer extends LayerOrigin {
  readonly layer: CachedLayer;
}

const CONCURRENCY = 6;

/** Layers that are not in the store but elsewhere: fetched when somebody needs their bytes, each once. */
export class RemoteLayers {
  readonly #offers = new Map<DiffId, Offer[]>();
  /** By the blob's digest. */
  readonly #downloads = new Map<string, Promise<LayerDownload>>();
  /** By the blob's digest. */
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #sources = new Set<ImageSource>();
  readonly #failures = new WeakMap<object, readonly DiffId[]>();
  readonly #given: AbortSignal;
  /** Made when something begins: most commands find every layer here. */
  #under: { readonly stop: AbortController; readonly signal: AbortSignal } | undefined;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(
    readonly store: Store,
    readonly reporter: Reporter,
    signal: AbortSignal,
  ) {
    this.#given = signal;
  }

  /** @param origin its source is closed with this */
  offer(layers: readonly CachedLayer[], origin: LayerOrigin): void {
    this.#sources.add(origin.source);
    for (const layer of layers) this.#offers.set(layer.diffId, [...(this.#offers.get(layer.diffId) ?? []), { ...origin, layer }]);
  }

  has(diffId: DiffId): boolean {
    return this.#offers.has(diffId);
  }

  /** The blob that would be fetched. */
  find(diffId: DiffId): CachedLayer | undefined {
    return this.#offers.get(diffId)?.[0]?.layer;
  }

  /** True when the store has a blob of the layer that is known to be what its diff id says. */
  isStored(diffId: DiffId): boolean {
    return (this.store.layers.get(diffId)?.blobs.length ?? 0) > 0;
  }

  /** True when the layer is offered, and not stored. */
  isElsewhere(diffId: DiffId): boolean {
    return this.has(diffId) && !this.isStored(diffId);
  }

  /** True when a build could get the layer, or do, without the first who offers it. */
  hasChoice(diffId: DiffId): boolean {
    const offers = this.#offers.get(diffId) ?? [];
    return offers.length > 1 || offers.some(({ kind }) => kind === 'cache');
  }

  /** Begins to download what will be needed. What fails is told to those who need it. */
  prefetch(diffIds: readonly DiffId[]): void {
    for (const diffId of this.#missing(diffIds)) this.#download(this.#offers.get(diffId)![0]!).catch(() => {});
  }

  /**
   * When this resolves the store has a blob of each layer that is offered, and each is what its diff id says.
   * @throws {CacheLayerLostError} no source gives the bytes it promised; for a layer of an image, what its source throws
   */
  async fetch(diffIds: readonly DiffId[], signal: AbortSignal | undefined): Promise<void> {
    const missing = this.#missing(diffIds);
    try {
      await this.#all(missing.map((diffId) => this.#fetchAny(diffId)));
    } catch (error) {
      this.noteFailure(error, missing);
      throw error;
    }
    signal?.throwIfAborted();
  }

  /** Remembers that an error came from bringing these layers here. */
  noteFailure(error: unknown, diffIds: readonly DiffId[]): void {
    if (typeof error === 'object' && error !== null) this.#failures.set(error, diffIds);
  }

  /** The layers, one of which could not be had, where that was what failed. */
  failedLayers(error: unknown): readonly DiffId[] {
    return (typeof error === 'object' && error !== null ? this.#failures.get(error) : undefined) ?? [];
  }

  /** As {@link fetch}, of just these blobs. */
  async fetchBlobs(layers: readonly CachedLayer[]): Promise<void> {
    await this.#all(
      layers.map(async (layer) => {
        const known = this.store.layers.get(layer.diffId)?.blobs.some(({ digest }) => digest === layer.digest) ?? false;
        const offer = this.#offers.get(layer.diffId)?.find((found) => found.layer.digest === layer.digest);
        if (!known && offer !== undefined) await this.#fetchOnce(offer);
      }),
    );
  }

  /**
   * The layer's blob while it is downloaded, which begins now if nobody has begun; undefined when it is stored, or nobody offers it.
   * What is read there is not known to be the layer before the file is complete and the diff id was compared.
   */
  async arriving(diffId: DiffId): Promise<GrowingFile | undefined> {
    const [offer] = this.#offers.get(diffId) ?? [];
    if (offer === undefined || this.isStored(diffId)) return undefined;
    return (await this.#download(offer)).open();
  }

  /** Notes that layers were extracted while they arrived, and so are what their diff ids say. */
  async confirm(diffIds: readonly DiffId[]): Promise<void> {
    for (const diffId of this.#missing(diffIds)) {
      const { digest, size, compression } = this.#offers.get(diffId)![0]!.layer;
      if (this.store.blobs.has(digest, size)) await this.store.layers.put({ diffId, blobs: [{ digest, size, compression }] });
    }
  }

  /** The bytes of an offered blob, not verified. */
  openBlob(blob: Descriptor, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array> | undefined {
    return this.#offersOf(blob)[0]?.source.openBlob(blob, options);
  }

  /** Where an offered blob is. */
  repositoriesOf(blob: Descriptor): readonly RepositoryName[] {
    return this.#offersOf(blob).flatMap(({ source }) => source.repositoriesOf?.(blob) ?? []);
  }

  #offersOf({ digest }: Descriptor): readonly Offer[] {
    return [...this.#offers.values()].flatMap((offers) => offers.filter(({ layer }) => layer.digest === digest));
  }

  /** Stops what is under way and closes the sources. */
  async close(): Promise<void> {
    this.#under?.stop.abort(new Error('The command is over'));
    for (const download of this.#downloads.values()) await download.then(({ done }) => done).catch(() => {});
    for (const source of this.#sources) await source.close();
  }

  get #signal(): AbortSignal {
    if (this.#under === undefined) {
      const stop = new AbortController();
      this.#under = { stop, signal: AbortSignal.any([stop.signal, this.#given]) };
    }
    return this.#under.signal;
  }

  #missing(diffIds: readonly DiffId[]): DiffId[] {
    return diffIds.filter((diffId) => this.isElsewhere(diffId));
  }

  /** Waits for all of them even when one fails: nothing goes on behind the caller's back. */
  async #all(works: readonly Promise<void>[]): Promise<void> {
    for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
  }

  async #fetchAny(diffId: DiffId): Promise<void> {
    const failures: unknown[] = [];
    for (const offer of this.#offers.get(diffId) ?? []) {
      try {
        return await this.#fetchOnce(offer);
      } catch (cause) {
        this.#signal.throwIfAborted();
        failures.push(offer.kind === 'image' ? cause : new CacheLayerLostError(diffId, offer.source.description, { cause }));
      }
    }
    // A cache can be done without, an image cannot: its failure is the one to tell.
    throw failures.find((failure) => !(failure instanceof CacheLayerLostError)) ?? failures[0];
  }

  #fetchOnce(offer: Offer): Promise<void> {
    const { digest } = offer.layer;
    let fetching = this.#fetching.get(digest);
    if (fetching === undefined) {
      fetching = this.#fetchOffer(offer).finally(() => this.#fetching.delete(digest));
      this.#fetching.set(digest, fetching);
    }
    return fetching;
  }

  async #fetchOffer(offer: Offer): Promise<void> {
    const { diffId, digest, size, compression } = offer.layer;
    const download = await this.#download(offer);
    await download.done;
    // Whoever extracted it meanwhile has compared its diff id. What the store notes of a layer outlives this command, so the source's
    // word for it is not enough.
    const known = this.store.layers.get(diffId);
    if (known?.blobs.some((blob) => blob.digest === digest) === true) return;
    const { verifyDiffId } = await import('../../layers/index.js');
    const uncompressedBytes = await verifyDiffId(this.store.blobs.path(digest), diffId, { signal: this.#signal });
    await this.store.layers.put({ diffId, uncompressedBytes, blobs: [{ digest, size, compression }] });
  }

  /** One download of a blob at a time; one that failed is begun anew. */
  #download(offer: Offer): Promise<LayerDownload> {
    const { digest } = offer.layer;
    let download = this.#downloads.get(digest);
    if (download === undefined) {
      download = this.#begin(offer);
      const forget = (): boolean => this.#downloads.delete(digest);
      download.then(({ done }) => done).catch(forget);
      this.#downloads.set(digest, download);
    }
    return download;
  }

  async #begin({ layer, source }: Offer): Promise<LayerDownload> {
    while (this.#running >= CONCURRENCY) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#signal.throwIfAborted();
    this.#running++;
    const { digest, size, compression } = layer;
    const report = (action: 'copying' | 'done'): void =>
      this.reporter.report({ kind: 'transfer', action, what: 'layer', digest, sizeBytes: size });
    const bytes = source.openBlob({ mediaType: layerMediaType(compression, 'oci'), digest, size }, { signal: this.#signal });
    report('copying');
    const download = new LayerDownload(bytes, { digest, size }, this.store, this.#signal);
    const ended = (): void => {
      this.#running--;
      this.#waiting.shift()?.();
    };
    download.done.then(() => report('done')).then(ended, ended);
    return download;
  }
}
