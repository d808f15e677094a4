import { chmodSync, existsSync, mkdirSync, renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { chainId, type Descriptor, type DiffId, digestHex } from '../image/index.js';
import { type ByteSource, EMPTY_LAYER } from '../layers/index.js';
import { BlobNotFoundError, explainingFailure, type Store } from '../store/index.js';
import type { LayerSource, WorkingLayer } from './snapshot-driver.js';
import { markUnsynced, mayBeTorn, unmark } from './unsynced-mark.js';

/**
 * Where a driver keeps its snapshots: `snapshots/<prefix><chain id>/fs`. A directory there is complete from the moment it exists, unless the
 * machine goes down before its files have reached the disk, which its mark tells then.
 */
export class SnapshotDirectories {
  #made = 0;
  readonly #extracting = new Map<string, Promise<void>>();

  constructor(
    readonly store: Store,
    readonly prefix: string,
  ) {}

  fsOf(chain: readonly DiffId[]): string {
    return join(this.#directoryOf(chain), 'fs');
  }

  #directoryOf(chain: readonly DiffId[]): string {
    return join(this.store.snapshotsDir, `${this.prefix}${digestHex(chainId(chain) as DiffId)}`);
  }

  /** Whether the snapshot of just this chain is there, and whole. */
  has(chain: readonly DiffId[]): boolean {
    return existsSync(this.fsOf(chain)) && !mayBeTorn(this.#directoryOf(chain));
  }

  /** A number that no other directory of this process has. */
  nextNumber(): number {
    return this.#made++;
  }

  /** A new directory of this process's own, on the file system of the store. */
  async newDirectory(): Promise<string> {
    const directory = join(await this.store.scratch.dir(), `layer-${this.nextNumber()}`);
    explainingFailure(directory, () => mkdirSync(directory, { mode: 0o700 }));
    return directory;
  }

  /** The root of nothing, for a chain without any directory. */
  emptyDirectory(): string {
    const { store } = this;
    const fs = join(store.snapshotsDir, 'empty', 'fs');
    if (!existsSync(fs)) {
      store.ensureLayout();
      explainingFailure(fs, () => mkdirSync(fs, { recursive: true, mode: 0o755 }));
      // Whatever the umask; and 1970 is the same in every build.
      chmodSync(fs, 0o755);
      utimesSync(fs, 0, 0);
    }
    return fs;
  }

  /**
   * Make `<directory>/fs` the snapshot of the chain. Whoever comes second keeps its own where it is, and it goes with the process: a step that
   * still reads it must not lose its files to another process, which empties the trash.
   *
   * @returns whether it became the snapshot
   */
  enter(directory: string, chain: readonly DiffId[]): boolean {
    const target = this.#directoryOf(chain);
    return explainingFailure(target, () => {
      markUnsynced(directory);
      // One that a power failure may have torn makes room.
      if (!renamed(directory, target) && mayBeTorn(target)) {
        this.store.scratch.trash(target);
        renamed(directory, target);
      }
      if (existsSync(directory)) return false;
      this.store.whenSynced(() => unmark(target));
      return true;
    });
  }

  /** Makes the upper directory of a working layer the snapshot of the chain; see `SnapshotDriver.publish`. */
  publish(working: WorkingLayer, chain: readonly DiffId[]): void {
    const diffId = chain.at(-1);
    if (diffId === undefined) throw new RangeError('publish() needs the diff ids of the chain, the layer own diff id last');
    if (!isEmpty(diffId)) {
      const directory = join(working.dir, 'snapshot');
      explainingFailure(directory, () => {
        mkdirSync(directory, { mode: 0o700 });
        renameSync(working.upper, join(directory, 'fs'));
      });
      if (!this.enter(directory, chain)) return;
    }
    this.discard(working);
  }

  discard(working: WorkingLayer): void {
    this.store.scratch.trash(working.dir);
  }

  /** The file with the layer's blob. @throws {BlobNotFoundError} */
  blobOf(layer: LayerSource): string {
    const { store } = this;
    const blob: Pick<Descriptor, 'digest'> | undefined = layer.descriptor ?? store.layers.get(layer.diffId)?.blobs[0];
    if (blob === undefined) throw new BlobNotFoundError(layer.diffId, join(store.root, 'layers', `${digestHex(layer.diffId)}.json`));
    if (!store.blobs.has(blob.digest)) throw new BlobNotFoundError(blob.digest, store.blobs.path(blob.digest));
    return store.blobs.path(blob.digest);
  }

  /**
   * Runs `body` with the layer's blob, which may still be arriving. When the blob is not that layer, what some image said of it is forgotten:
   * others may have the layer.
   *
   * @throws {BlobNotFoundError}
   */
  async withBlob<T>(layer: LayerSource, body: (blob: ByteSource) => Promise<T>): Promise<T> {
    const growing = await layer.arriving?.();
    try {
      return await body(growing === undefined ? { file: this.blobOf(layer) } : { growing });
    } catch (error) {
      if (hasCode(error, 'DIGEST_MISMATCH')) this.store.layers.remove(layer.diffId);
      throw error;
    } finally {
      growing?.close();
    }
  }

  /**
   * Makes the snapshot of `chain` by `extract` unless it is there. Stages that begin with the same base extract it once; who waited for
   * one that failed or was cancelled tries itself.
   */
  async extractOnce(chain: readonly DiffId[], extract: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const target = this.fsOf(chain);
    const running = this.#extracting;
    for (let other = running.get(target); other !== undefined; other = running.get(target)) await other.catch(() => undefined);
    if (this.has(chain)) return;
    signal?.throwIfAborted();
    const mine = extract().finally(() => running.delete(target));
    running.set(target, mine);
    await mine;
  }
}

/** False when something stands at the new place. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    return false;
  }
}

/** The layer of nothing; 1024 zero bytes as a tar. A layer that is empty in another encoding gets a directory like any other. */
export function isEmpty(diffId: DiffId): boolean {
  return diffId === EMPTY_LAYER.diffId;
}
