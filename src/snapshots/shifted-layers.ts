import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IdMaps } from '../sys/index.js';
import { copyShifted } from './shifted-tree.js';
import type { SnapshotDirectories } from './snapshot-directories.js';
import { withDirectories } from './with-directories.js';

/**
 * Copies of layers whose files belong to the ids outside of a map, for where the kernel does not shift owners. Each layer is copied once for
 * each map, into a directory that goes with this process.
 */
export class ShiftedLayers {
  readonly #copies = new Map<string, Promise<string>>();

  constructor(readonly places: SnapshotDirectories) {}

  /**
   * @param isLayer whether the directory will not change any more
   * @throws {UnsupportedFeatureError} a file belongs to somebody whom the map cannot have
   */
  async directories(lowers: readonly string[], maps: IdMaps, isLayer: (lower: string) => boolean): Promise<string[]> {
    return Promise.all(lowers.map((lower) => (isLayer(lower) ? this.#copyOf(lower, maps) : this.#copy(lower, maps))));
  }

  async #copyOf(lower: string, maps: IdMaps): Promise<string> {
    // A layer gets another path when it becomes a snapshot, and another directory may get the inode of one that is gone.
    const { dev, ino, birthtimeNs } = statSync(lower, { bigint: true });
    if (birthtimeNs === 0n) return this.#copy(lower, maps);
    const key = JSON.stringify([...[dev, ino, birthtimeNs].map(String), maps]);
    const copy = this.#copies.get(key) ?? this.#copy(lower, maps);
    this.#copies.set(key, copy);
    return copy;
  }

  async #copy(lower: string, maps: IdMaps): Promise<string> {
    const fs = join(await this.places.newDirectory(), 'fs');
    mkdirSync(fs, { mode: 0o755 });
    await withDirectories([lower, fs], ([source = -1, target = -1]) => copyShifted(source, target, maps));
    return fs;
  }
}
