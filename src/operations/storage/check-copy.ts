import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DiffId, type Digest, layerMediaType } from '../../image/index.js';
import { EMPTY_LAYER } from '../../layers/index.js';
import { type LayerSource, openSnapshots, type SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import type { SnapshotState } from './check-snapshot.js';
import { treeDigest } from './tree-digest.js';

/** Of a root that nothing lies below: the same for both that are compared. */
const NO_ROOT = { mode: 0o755, uid: 0, gid: 0 };

/**
 * Compares root file systems that are copies with others, made from the blobs of their layers alone. These lie in the store's scratch directory
 * until `close`; each shares files with the one it is made from.
 */
export class CopyChecker {
  readonly #store: Store;
  readonly #copies: SnapshotDriver;
  readonly #remade: SnapshotDriver;

  private constructor(
    store: Store,
    copies: SnapshotDriver,
    remade: SnapshotDriver,
    readonly directory: string,
    readonly damagedBlobs: ReadonlySet<Digest>,
    readonly signal: AbortSignal,
  ) {
    this.#store = store;
    this.#copies = copies;
    this.#remade = remade;
  }

  static async open(store: Store, damagedBlobs: ReadonlySet<Digest>, signal: AbortSignal): Promise<CopyChecker> {
    const directory = join(await store.scratch.dir(), 'remade');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const copies = await openSnapshots(store, { driver: 'vfs' });
    // Nothing of what is made for comparison is noted in the store.
    const apart: Store = { ...store, snapshotsDir: directory, layers: { ...store.layers, put: async () => {} }, whenSynced: () => {} };
    const remade = await openSnapshots(apart, { driver: 'vfs' });
    return new CopyChecker(store, copies, remade, directory, damagedBlobs, signal);
  }

  /** The directory that holds the root file system of the chain, whether it is there or not. */
  directoryOf(chain: readonly DiffId[]): string {
    return dirname(this.#fsOf(this.#copies, chain));
  }

  /**
   * @param chain diff ids, base first; the last one is the layer's own
   * @returns `unknown` when a layer has no sound blob any more: what stands on it is told elsewhere
   */
  async check(chain: readonly DiffId[]): Promise<SnapshotState> {
    const fs = this.#fsOf(this.#copies, chain);
    if (chain.at(-1) === EMPTY_LAYER.diffId || !existsSync(fs)) return 'absent';
    this.signal.throwIfAborted();
    const layers = chain.map((diffId) => this.#sourceOf(diffId));
    if (!layers.every((layer) => layer !== undefined)) return 'unknown';
    try {
      const found = await this.#digest(fs);
      await this.#remade.ensure(layers, { signal: this.signal });
      if (found === (await this.#digest(this.#fsOf(this.#remade, chain)))) return 'sound';
      return { problem: `it is not what its layers make, the last of them ${chain.at(-1)}` };
    } catch (error) {
      this.signal.throwIfAborted();
      return { problem: (error as Error).message };
    }
  }

  close(): void {
    this.#store.scratch.trash(this.directory);
  }

  #fsOf(driver: SnapshotDriver, chain: readonly DiffId[]): string {
    return driver.lowers(chain)[0]!;
  }

  #sourceOf(diffId: DiffId): LayerSource | undefined {
    if (diffId === EMPTY_LAYER.diffId) return { diffId };
    const { blobs } = this.#store;
    const records = this.#store.layers.get(diffId)?.blobs ?? [];
    const sound = records.find(({ digest, size }) => !this.damagedBlobs.has(digest) && blobs.has(digest, size));
    if (sound === undefined) return undefined;
    const { digest, size, compression } = sound;
    return { diffId, descriptor: { mediaType: layerMediaType(compression, 'oci'), digest, size } };
  }

  async #digest(fs: string): Promise<string> {
    return treeDigest(this.#store, { fs, lowers: [], parentRoot: NO_ROOT }, this.signal);
  }
}
