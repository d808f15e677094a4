import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { chainId, type DiffId, type Digest, digestHex } from '../../image/index.js';
import { applyLayer, EMPTY_LAYER } from '../../layers/index.js';
import type { SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import { treeDigest } from './tree-digest.js';

/** `unknown`: it is there, and nothing that it could be compared with. */
export type SnapshotState = 'absent' | 'sound' | 'unknown' | { readonly problem: string };

/**
 * Compares extracted layers, which overlays are made of, with what they were extracted from, by the digest over a tree without its times. Where that differs from what is
 * recorded, which another program's archive may bring about with the same tree, the layer is extracted a second time beside it.
 */
export class SnapshotChecker {
  readonly #snapshots: SnapshotDriver;

  /** @param snapshots the overlay driver: root file systems that are copies are no layers (`CopyChecker`) */
  constructor(
    readonly store: Store,
    snapshots: SnapshotDriver,
    readonly damagedBlobs: ReadonlySet<Digest>,
    readonly signal: AbortSignal,
  ) {
    this.#snapshots = snapshots;
  }

  /** @param chain diff ids, base first; the last one is the layer's own */
  async check(chain: readonly DiffId[]): Promise<SnapshotState> {
    const diffId = chain.at(-1)!;
    const fs = join(this.store.snapshotsDir, digestHex(chainId(chain) as DiffId), 'fs');
    if (diffId === EMPTY_LAYER.diffId || !existsSync(fs)) return 'absent';
    this.signal.throwIfAborted();
    const lowers = this.#snapshots.lowers(chain.slice(0, -1));
    if (!lowers.every((lower) => existsSync(lower))) return { problem: 'a layer below it is missing' };
    try {
      const found = await this.#contentDigest(fs, lowers);
      const recorded = this.store.layers.get(diffId);
      if (found === recorded?.contentDigest) return 'sound';
      const blob = recorded?.blobs.find(({ digest }) => !this.damagedBlobs.has(digest));
      if (blob === undefined) return { problem: `it is not the layer ${diffId}, and there is no blob to compare it with` };
      return found === (await this.#extractedAgain(this.store.blobs.path(blob.digest), lowers))
        ? 'sound'
        : { problem: `it is not what the layer ${diffId} holds` };
    } catch (error) {
      this.signal.throwIfAborted();
      return { problem: (error as Error).message };
    }
  }

  #contentDigest(fs: string, lowers: readonly string[]): Promise<string> {
    return treeDigest(this.store, { fs, lowers, parentRoot: this.#snapshots.rootAttributes(lowers) }, this.signal);
  }

  async #extractedAgain(blob: string, lowers: readonly string[]): Promise<string> {
    const working = await this.#snapshots.prepare(lowers);
    const fds = [working.upper, ...lowers].map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    try {
      const [target = -1, ...below] = fds;
      const layer = { blob: { file: blob }, compression: 'detect', target, whiteouts: 'overlay-user', lowers: below } as const;
      await applyLayer(layer, { signal: this.signal });
      return await this.#contentDigest(working.upper, lowers);
    } finally {
      for (const fd of fds) closeSync(fd);
      this.#snapshots.discard(working);
    }
  }
}
