import { basename, join } from 'node:path';
import { chainId, type Descriptor, type DiffId, type Digest, digestHex, digestsIn } from '../../image/index.js';
import { openSnapshots } from '../../snapshots/index.js';
import type { StepRecord, Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { CopyChecker } from './check-copy.js';
import { checkLayer } from './check-layer.js';
import { SnapshotChecker, type SnapshotState } from './check-snapshot.js';

export interface CheckStoreOptions {
  /** Remove what is damaged, so that the next command makes it anew; images that cannot be made whole lose their names. */
  readonly repair: boolean;
  /** With `repair`: working containers too. */
  readonly force: boolean;
}

export interface StoreProblem {
  /** What is damaged: `blob sha256:…`, `image localhost/app:latest`, a path. */
  readonly subject: string;
  readonly problem: string;
  /** What was done about it; with `repair` undefined: nothing could be. */
  readonly repaired: string | undefined;
}

export interface CheckResult {
  readonly problems: readonly StoreProblem[];
  /** How much was looked at. */
  readonly blobs: number;
  readonly layers: number;
  readonly snapshots: number;
  readonly records: number;
}

/**
 * Reads every blob, layer, snapshot and record, and says what is not as it should be. A repair is alone with the store, and waits for that;
 * a mere check keeps collections away.
 */
export async function checkStore(options: CheckStoreOptions, services: Services): Promise<CheckResult> {
  return withStore(services, async (store) => {
    const lock = options.repair ? store.lockExclusive.bind(store) : store.lockShared.bind(store);
    const release = await lock({ signal: services.signal });
    try {
      return await checkOpened(store, options, services.signal);
    } finally {
      release();
    }
  });
}

/** As {@link checkStore}, for who has the store open and the lock. */
export function checkOpened(store: Store, options: CheckStoreOptions, signal: AbortSignal): Promise<CheckResult> {
  return new StoreCheck(store, options, signal).run();
}

class StoreCheck {
  readonly #problems: StoreProblem[] = [];
  readonly #damagedBlobs = new Set<Digest>();

  constructor(
    readonly store: Store,
    readonly options: CheckStoreOptions,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<CheckResult> {
    const { store } = this;
    await this.#checkForms();
    const blobs = store.blobs.list();
    for (const digest of blobs) await this.#checkBlob(digest);
    const layers = store.layers.list();
    for (const { diffId } of layers) await this.#checkLayer(diffId);
    const snapshots = await this.#checkSnapshots();
    const records = store.cache.list();
    for (const record of records) await this.#checkRecord(record);
    for (const image of store.names.list())
      await this.#checkImage(image.name ?? `without a name (${image.descriptor.digest})`, image.descriptor);
    await this.#checkContainers();
    return { problems: this.#problems, blobs: blobs.length, layers: layers.length, snapshots, records: records.length };
  }

  /** Notes a problem; with `--repair`, does what mends it and says so. */
  async #found(subject: string, problem: string, remedy?: { readonly what: string; readonly apply: () => unknown }): Promise<void> {
    if (!this.options.repair || remedy === undefined) {
      this.#problems.push({ subject, problem, repaired: undefined });
      return;
    }
    await remedy.apply();
    this.#problems.push({ subject, problem, repaired: remedy.what });
  }

  async #checkForms(): Promise<void> {
    for (const { path, problem, precious } of this.store.damagedFiles()) {
      const remedy = { what: 'removed', apply: () => this.store.scratch.trash(path) };
      await this.#found(path, problem, precious && !this.options.force ? undefined : remedy);
    }
  }

  async #checkBlob(digest: Digest): Promise<void> {
    this.signal.throwIfAborted();
    try {
      for await (const _ of this.store.blobs.open({ digest }));
    } catch (error) {
      this.#damagedBlobs.add(digest);
      const apply = (): void => this.store.scratch.trash(this.store.blobs.path(digest));
      await this.#found(`blob ${digest}`, (error as Error).message, { what: 'removed; it is pulled or made again', apply });
    }
  }

  async #checkLayer(diffId: DiffId): Promise<void> {
    for (const blob of this.store.layers.get(diffId)?.blobs ?? []) {
      this.signal.throwIfAborted();
      if (this.#damagedBlobs.has(blob.digest)) continue;
      const problem = await checkLayer(this.store, diffId, blob);
      if (problem === undefined) continue;
      await this.#found(`layer ${diffId}`, problem, { what: 'forgotten', apply: () => this.store.layers.remove(diffId) });
    }
  }

  /** Of both drivers: their snapshots lie side by side. */
  async #checkSnapshots(): Promise<number> {
    const { store } = this;
    const layers = new SnapshotChecker(store, await openSnapshots(store, { driver: 'overlay' }), this.#damagedBlobs, this.signal);
    const copies = await CopyChecker.open(store, this.#damagedBlobs, this.signal);
    let count = 0;
    try {
      for (const chain of this.#chains()) {
        const ofLayer = join(store.snapshotsDir, digestHex(chainId(chain) as DiffId));
        if (await this.#isThere(ofLayer, await layers.check(chain))) count++;
        if (await this.#isThere(copies.directoryOf(chain), await copies.check(chain))) count++;
      }
    } finally {
      copies.close();
    }
    return count;
  }

  async #isThere(directory: string, state: SnapshotState): Promise<boolean> {
    if (state === 'absent') return false;
    if (typeof state !== 'string') {
      const apply = (): void => this.store.scratch.trash(directory);
      await this.#found(`snapshot ${basename(directory)}`, state.problem, { what: 'removed; it is extracted or made again', apply });
    }
    return true;
  }

  /** Every chain of layers that something leads to, shorter ones before those on top of them. */
  #chains(): readonly (readonly DiffId[])[] {
    const chains = new Map<string, readonly DiffId[]>();
    const add = (diffIds: readonly DiffId[]): void => {
      for (let length = 1; length <= diffIds.length; length++) {
        const chain = diffIds.slice(0, length);
        chains.set(chainId(chain), chain);
      }
    };
    for (const { descriptor } of this.store.names.list()) {
      for (const chain of this.#chainsOf(descriptor)) add(chain);
    }
    for (const { diffIds } of this.store.containers.list()) add(diffIds);
    return [...chains.values()].sort((a, b) => a.length - b.length);
  }

  /** A damaged image has none that are known; it is reported as an image. */
  #chainsOf(descriptor: Descriptor): readonly (readonly DiffId[])[] {
    try {
      return this.store.references(descriptor).chains;
    } catch {
      return [];
    }
  }

  /** A record may outlive a layer that it only names; it is then a miss. What it leads to must be one thing or the other. */
  async #checkRecord(record: StepRecord): Promise<void> {
    const damaged = digestsIn(record.result).filter((digest) => this.#damagedBlobs.has(digest));
    if (damaged.length === 0) return;
    const apply = (): void => this.store.cache.remove(record.definition, record.parent);
    await this.#found(`cache record ${record.definition}`, `it leads to the damaged ${damaged[0]}`, { what: 'forgotten', apply });
  }

  async #checkImage(name: string, descriptor: Descriptor): Promise<void> {
    const lacking = this.#lacks(descriptor);
    if (lacking === undefined) return;
    const apply = (): Promise<void> => this.store.names.remove(descriptor.digest);
    await this.#found(`image ${name}`, lacking, { what: 'removed; pull or build it again', apply });
  }

  #lacks(descriptor: Descriptor): string | undefined {
    try {
      if (this.#damagedBlobs.has(descriptor.digest)) return `its manifest ${descriptor.digest} is damaged`;
      for (const digest of this.store.references(descriptor).blobs) {
        if (this.#damagedBlobs.has(digest as Digest)) return `its blob ${digest} is damaged`;
        if (!this.store.blobs.has(digest as Digest)) return `its blob ${digest} is missing`;
      }
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #checkContainers(): Promise<void> {
    for (const { id, name, image } of this.store.containers.list()) {
      const lacking = image === undefined ? undefined : this.#lacks(image.manifest);
      if (lacking === undefined) continue;
      const apply = (): Promise<void> => this.store.containers.remove(id);
      await this.#found(
        `container ${name}`,
        `of the image that it was made from, ${lacking}`,
        this.options.force ? { what: 'removed', apply } : undefined,
      );
    }
  }
}
