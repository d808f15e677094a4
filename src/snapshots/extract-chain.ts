import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DiffId } from '../image/index.js';
import { type AppliedLayer, adoptAttributes, applyLayer, type ByteSource } from '../layers/index.js';
import { explainingFailure } from '../store/index.js';
import { isEmpty, type SnapshotDirectories } from './snapshot-directories.js';
import type { LayerSource } from './snapshot-driver.js';
import { withDirectories } from './with-directories.js';

export interface ChainExtractionOptions {
  readonly places: SnapshotDirectories;
  readonly whiteouts: 'overlay-user' | 'overlay-trusted';
  /** Directories under a layer whose chain of lower layers this is, top first, at least one. */
  readonly lowers: (chain: readonly DiffId[]) => string[];
}

/** A layer in a directory of its own that is no snapshot yet. */
interface ExtractedLayer {
  readonly directory: string;
  readonly applied: AppliedLayer;
}

/** Extracts the layers of a chain at once, each beside those under it; they take their places as snapshots in order. */
export class ChainExtraction {
  constructor(readonly options: ChainExtractionOptions) {}

  /** Extracts what is missing of the chain. When one layer fails, the others stop. */
  async run(layers: readonly LayerSource[], given: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController();
    const signal = given === undefined ? stop.signal : AbortSignal.any([stop.signal, given]);
    try {
      await this.#ensure(layers, signal, (error) => stop.abort(error));
    } catch (error) {
      throw stop.signal.aborted && given?.aborted !== true ? stop.signal.reason : error;
    }
  }

  async #ensure(layers: readonly LayerSource[], signal: AbortSignal, stop: (error: unknown) => void): Promise<void> {
    const count = layers.findLastIndex(({ diffId }) => !isEmpty(diffId)) + 1;
    const layer = layers[count - 1];
    if (layer === undefined) return;
    const chain = layers.slice(0, count).map(({ diffId }) => diffId);
    const below = layers.slice(0, count - 1);
    const { places } = this.options;
    const work = async (): Promise<void> => {
      // The lowest first: workers are given out in the order they are asked for.
      const under = this.#ensure(below, signal, stop);
      const own = this.#extract(layer, [], signal);
      for (const part of [under, own]) part.catch(stop);
      const [lower, extracted] = await Promise.allSettled([under, own]);
      if (lower.status === 'fulfilled' && extracted.status === 'fulfilled') return this.#place(extracted.value, layer, chain, signal);
      if (extracted.status === 'fulfilled') places.store.scratch.trash(extracted.value.directory);
      throw lower.status === 'rejected' ? lower.reason : (extracted as PromiseRejectedResult).reason;
    };
    if (places.has(chain)) await this.#ensure(below, signal, stop);
    else await places.extractOnce(chain, work, signal);
  }

  /** Extracts a layer into a directory of its own, over `below` if that is there already. */
  #extract(layer: LayerSource, below: readonly string[], signal: AbortSignal): Promise<ExtractedLayer> {
    return this.options.places.withBlob(layer, (blob) => this.#extractFrom(blob, layer, below, signal));
  }

  async #extractFrom(blob: ByteSource, layer: LayerSource, below: readonly string[], signal: AbortSignal): Promise<ExtractedLayer> {
    const { places, whiteouts } = this.options;
    const { layers, scratch } = places.store;
    const directory = await places.newDirectory();
    const fs = join(directory, 'fs');
    try {
      explainingFailure(fs, () => mkdirSync(fs));
      const applied = await withDirectories([fs, ...below], ([target = -1, ...lowers]) => {
        const source = { blob, compression: 'detect', target, whiteouts, lowers, expectedDiffId: layer.diffId } as const;
        return applyLayer(source, { signal });
      });
      const { contentDigest, uncompressedBytes } = applied;
      await layers.put({ diffId: layer.diffId, contentDigest, uncompressedBytes, blobs: [] });
      return { directory, applied };
    } catch (error) {
      scratch.trash(directory);
      throw error;
    }
  }

  /** Completes an extracted layer with what the layers under it have, and makes it the snapshot of the chain. */
  async #place(extracted: ExtractedLayer, layer: LayerSource, chain: readonly DiffId[], signal: AbortSignal): Promise<void> {
    const { places, whiteouts } = this.options;
    const below = this.options.lowers(chain.slice(0, -1));
    let { directory, applied } = extracted;
    if (applied.hidesAll) {
      // What it hides has to be hidden name by name, and is known only now. No builder of today makes such a layer.
      places.store.scratch.trash(directory);
      ({ directory, applied } = await this.#extract(layer, below, signal));
    }
    try {
      const fs = join(directory, 'fs');
      await withDirectories([fs, ...below], ([target = -1, ...lowers]) => adoptAttributes(target, whiteouts, lowers, applied.implied));
      places.enter(directory, chain);
    } catch (error) {
      places.store.scratch.trash(directory);
      throw error;
    }
  }
}
