import { type ContentDigest, type DiffId, isDigest, parseDiffId } from '../../image/index.js';
import type { MissCause } from '../../progress.js';
import type { StepRecord, Store } from '../../store/index.js';
import type { BuildCache, Claim, ClaimOptions, StepKey } from '../scheduler/index.js';
import { knownLayer, type LayerIdentity } from './layer-state.js';
import type { RootState } from './root-state.js';
import { digestInputs, type StepInputs } from './step-definition.js';

/** The store's step records as the scheduler's cache. */
export class StepCache implements BuildCache<RootState> {
  /** Records of this very build. A command that is written twice runs twice, even if the first run changed nothing. */
  readonly #own = new Set<string>();
  readonly #causes = new WeakMap<StepKey, MissCause>();
  #maxAgeMs = Number.POSITIVE_INFINITY;
  readonly #claims = new Map<StepKey, Claim>();
  /** Layers that were found in the store: they stay while the build holds it. */
  readonly #stored = new Set<DiffId>();
  /** Records that were used, by definition and parent: of commands that are alike and change nothing all are one, which is read and touched once. */
  readonly #used = new Map<string, Map<string, StepRecord>>();

  constructor(
    readonly store: Store,
    /** Write records but find none (`--no-cache`). */
    readonly writeOnly: boolean,
    /** Whether a layer that is not in the store can be fetched when it is needed. */
    readonly isFetchable: (diffId: DiffId) => boolean = () => false,
    /** Told when a step waits for another build that runs it. */
    readonly onWait: (label: string) => void = () => {},
  ) {}

  /** Takes no outcome that was made first longer ago than this. */
  limitAge(milliseconds: number): void {
    this.#maxAgeMs = milliseconds;
  }

  /** A step's parent is its first input. */
  async find(key: StepKey, inputs: readonly RootState[]): Promise<RootState | undefined> {
    // A definition that is no digest names something that is never recorded: a base image, the end of a stage.
    if (!isDigest(key.definition)) return undefined;
    if (this.writeOnly || key.fresh === true) return this.#miss(key, 'not-asked');
    const used = this.#used.get(key.definition);
    if (used === undefined && !this.store.cache.hasDefinition(key.definition)) return undefined;
    const parentContent = await key.parentContent();
    if (this.#own.has(`${key.definition} ${parentContent}`)) return this.#miss(key, 'repeated');
    const record = used?.get(parentContent) ?? this.store.cache.find(key.definition, parentContent);
    const outcome = record === undefined ? undefined : readOutcome(record.result);
    if (record === undefined || outcome === undefined) return undefined;
    const parent = inputs[0]?.layers ?? [];
    if (outcome.layer !== undefined && !this.#hasBlob(outcome.layer) && !this.isFetchable(outcome.layer.diffId))
      return this.#miss(key, 'lost');
    if (Date.now() - Date.parse(record.createdAt) > this.#maxAgeMs) return this.#miss(key, 'expired');
    if (used?.has(parentContent) !== true) this.#use(record, key.definition, parentContent);
    return {
      layers: outcome.layer === undefined ? parent : [...parent, knownLayer(outcome.layer)],
      addedLayer: outcome.layer !== undefined,
      createdAt: record.createdAt,
    };
  }

  async claim(key: StepKey, lineage: string, { label, signal }: ClaimOptions): Promise<Claim | undefined> {
    if (this.writeOnly || !isDigest(key.definition)) return undefined;
    const lock = await this.store.lockWork(lineage, { signal, onWait: () => this.onWait(label) });
    this.#claims.set(key, lock);
    return lock;
  }

  /** Records what a step gave. Call it when the step's layer is in the store. */
  async record(key: StepKey, inputs: StepInputs, outcome: StepOutcome, createdAt: string): Promise<void> {
    try {
      await this.#put(key, inputs, outcome, createdAt);
    } finally {
      // Not before: who waits looks for the record.
      this.#claims.get(key)?.release();
    }
  }

  async #put(key: StepKey, inputs: StepInputs, outcome: StepOutcome, createdAt: string): Promise<void> {
    const parent = await key.parentContent();
    this.#own.add(`${key.definition} ${parent}`);
    await this.store.cache.put({
      definition: key.definition,
      parent,
      inputs: digestInputs(inputs),
      result: { ...outcome.layer },
      createdAt,
    });
  }

  /** Why {@link find} gave nothing although there is, or may be, a record; undefined: because there is none. */
  causeOf(key: StepKey): MissCause | undefined {
    return this.#causes.get(key);
  }

  #miss(key: StepKey, cause: MissCause): undefined {
    this.#causes.set(key, cause);
  }

  #use(record: StepRecord, definition: string, parentContent: string): void {
    this.store.cache.touch(record, new Date());
    const used = this.#used.get(definition) ?? new Map<string, StepRecord>();
    this.#used.set(definition, used.set(parentContent, record));
  }

  #hasBlob({ diffId }: LayerIdentity): boolean {
    if (!this.#stored.has(diffId) && (this.store.layers.get(diffId)?.blobs.length ?? 0) > 0) this.#stored.add(diffId);
    return this.#stored.has(diffId);
  }
}

/** What a step did to the file system. */
export interface StepOutcome {
  /** The layer it added; a WORKDIR that existed adds none. */
  readonly layer?: LayerIdentity;
}

function readOutcome(result: Readonly<Record<string, unknown>>): StepOutcome | undefined {
  const { diffId, contentDigest, empty } = result;
  if (diffId === undefined) return {};
  if (typeof diffId !== 'string' || typeof contentDigest !== 'string' || !isDigest(diffId) || !isDigest(contentDigest)) return undefined;
  return {
    layer: { diffId: parseDiffId(diffId), contentDigest: contentDigest as string as ContentDigest, empty: empty === true },
  };
}
