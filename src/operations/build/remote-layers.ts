import { createHash } from 'node:crypto';
import type { CachedLayer } from '../../builder/steps/index.js';
import { TsbuildError } from '../../errors.js';
import { type Descriptor, type DiffId, type Digest, DigestMismatchError, layerMediaType } from '../../image/index.js';
import { decompress, EMPTY_LAYER } from '../../layers/index.js';
import type { SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import type { ImageSource } from '../../transports/index.js';

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

interface Offer {
  readonly layer: CachedLayer;
  readonly source: ImageSource;
}

const CONCURRENCY = 6;

/** Layers that are not in the store but in a cache source: fetched when somebody needs their bytes, each once. */
export class RemoteLayers {
  readonly #offers = new Map<DiffId, Offer[]>();
  readonly #fetching = new Map<DiffId, Promise<void>>();

  constructor(readonly store: Store) {}

  offer(layers: readonly CachedLayer[], source: ImageSource): void {
    for (const layer of layers) this.#offers.set(layer.diffId, [...(this.#offers.get(layer.diffId) ?? []), { layer, source }]);
  }

  has(diffId: DiffId): boolean {
    return this.#offers.has(diffId);
  }

  /** The blob that would be fetched. */
  find(diffId: DiffId): CachedLayer | undefined {
    return this.#offers.get(diffId)?.[0]?.layer;
  }

  /**
   * When this resolves the store has a blob of each layer that is offered, and each is what its diff id says.
   * @throws {CacheLayerLostError} no source gives the bytes it promised
   */
  async fetch(diffIds: readonly DiffId[], signal: AbortSignal | undefined): Promise<void> {
    const missing = diffIds.filter((diffId) => this.has(diffId) && !this.#isStored(diffId));
    let next = 0;
    const work = async (): Promise<void> => {
      for (let position = next++; position < missing.length; position = next++) await this.#fetchOnce(missing[position]!, signal);
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, missing.length) }, work));
  }

  /** The bytes of an offered blob, not verified. */
  openBlob(blob: Descriptor, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array> | undefined {
    for (const offers of this.#offers.values()) {
      const offer = offers.find(({ layer }) => layer.digest === blob.digest);
      if (offer !== undefined) return offer.source.openBlob(blob, options);
    }
    return undefined;
  }

  #isStored(diffId: DiffId): boolean {
    return (this.store.layers.get(diffId)?.blobs.length ?? 0) > 0;
  }

  #fetchOnce(diffId: DiffId, signal: AbortSignal | undefined): Promise<void> {
    let fetching = this.#fetching.get(diffId);
    if (fetching === undefined) {
      fetching = this.#fetch(diffId, signal).finally(() => this.#fetching.delete(diffId));
      this.#fetching.set(diffId, fetching);
    }
    return fetching;
  }

  async #fetch(diffId: DiffId, signal: AbortSignal | undefined): Promise<void> {
    let failure: CacheLayerLostError | undefined;
    for (const { layer, source } of this.#offers.get(diffId) ?? []) {
      const { digest, size, compression } = layer;
      const options = signal === undefined ? {} : { signal };
      try {
        const bytes = source.openBlob({ mediaType: layerMediaType(compression, 'oci'), digest, size }, options);
        await this.store.blobs.put(bytes, { digest, size }, options);
        await this.#checkDiffId(layer);
        signal?.throwIfAborted();
        await this.store.layers.put({ diffId, blobs: [{ digest, size, compression }] });
        return;
      } catch (cause) {
        signal?.throwIfAborted();
        failure ??= new CacheLayerLostError(diffId, source.description, { cause });
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** What the store notes of a layer outlives the build, so the source's word for it is not enough. */
  async #checkDiffId({ digest, size, compression, diffId }: CachedLayer): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of decompress(this.store.blobs.open({ digest, size }), compression)) hash.update(chunk);
    const actual = `sha256:${hash.digest('hex')}` as Digest;
    if (actual !== (diffId as string)) throw new DigestMismatchError(diffId as string as Digest, actual, 'an uncompressed layer');
  }
}

/** The same snapshots; layers that must be extracted and are elsewhere are fetched before. */
export function fetchingSnapshots(snapshots: SnapshotDriver, remote: RemoteLayers): SnapshotDriver {
  return {
    ...snapshots,
    async ensure(layers, options) {
      const chain = layers.map(({ diffId }) => diffId);
      if (!snapshots.has(chain)) {
        const extracted = chain.findIndex((_, position) => !snapshots.has(chain.slice(0, position + 1)));
        await remote.fetch(
          chain.slice(extracted).filter((diffId) => diffId !== EMPTY_LAYER.diffId),
          options?.signal,
        );
      }
      await snapshots.ensure(layers, options);
    },
  };
}
