import type { StepDecision } from '../../progress.js';
import type { SiteEntry, StepRecord, Store } from '../../store/index.js';
import type { Outcome, StepKey } from '../scheduler/index.js';
import { type ComparedStep, differencesBetween, distanceBetween } from './explain-miss.js';
import { explainFullDisk } from './full-disk.js';
import type { RootState } from './root-state.js';
import type { StepCache } from './step-cache.js';
import { digestInputs } from './step-definition.js';
import { type ExplainableKey, isExplainable, type SelectionEntry } from './step-key.js';

/** Where a step stands. Nothing of it is in a key. */
export interface StepPlace {
  /** Path of the Containerfile; undefined for standard input. */
  readonly containerfile: string | undefined;
  /** Name of the stage, or its number. */
  readonly stage: string;
  /** Which one it is of the stage's steps that change files, from 0. */
  readonly position: number;
  /** The instruction as written. */
  readonly text: string;
  /** How often the stage has had the same text before. */
  readonly repetition: number;
  /** Manifest digest of the image the stage goes back to. */
  readonly base: string | undefined;
}

interface Candidate extends ComparedStep {
  readonly entry: SiteEntry;
  readonly record: StepRecord;
}

/**
 * Says why a step was run: finds the earlier record that is nearest to it and what differs. It looks only at what stood at the same place of
 * the same Containerfile, and at what had the same text in a stage of the same name: two files to read, however many records there are.
 */
export class StepExplainer {
  /** What this build has added: a step is compared with those of earlier builds. */
  readonly #own = new Set<string>();

  constructor(
    readonly store: Store,
    readonly cache: StepCache,
    /** Whether steps are recorded at all: without a layer for each they are not. */
    readonly remembers: boolean,
  ) {}

  /** Waits until the parent's content is known. */
  async explain(place: StepPlace, { key, value, cached }: Outcome<RootState>): Promise<StepDecision> {
    if (cached && isExplainable(key)) return { outcome: 'hit', recordedAt: value.createdAt ?? '' };
    return this.explainMiss(place, key);
  }

  /**
   * Keeps what later explanations compare with; to be called once the step is explained. It is in no hurry, for the next step could use the
   * processor: it waits until the step's layer is hashed, or all steps have ended.
   *
   * @param whenAwaited resolves when they have
   */
  async remember(
    place: StepPlace,
    { key, value, cached }: Outcome<RootState>,
    whenAwaited: Promise<void> = new Promise(() => {}),
  ): Promise<void> {
    if (!isExplainable(key) || (cached && this.store.sites.has(sitesOf(place)[0]))) return;
    await Promise.race([value.layers.at(-1)?.identity, whenAwaited]);
    try {
      await this.#remember(place, key);
    } catch (error) {
      throw explainFullDisk(error, this.store.root);
    }
  }

  /** Why there was nothing recorded for the step. Remembers nothing: a step that failed has no record to compare with. */
  async explainMiss(place: StepPlace, key: StepKey): Promise<StepDecision> {
    if (!isExplainable(key)) return { outcome: 'none' };
    const cause = this.cache.causeOf(key);
    const step = { text: place.text, inputs: digestInputs(key.inputs), parent: await key.parentContent(), base: place.base };
    const nearest = cause === undefined ? this.#nearest(place, step) : undefined;
    const differences =
      nearest === undefined
        ? []
        : await differencesBetween(
            nearest,
            step,
            (input) => this.#lists(input, nearest.entry, key),
            (input) => key.selections[input]?.origin,
          );
    return {
      outcome: 'miss',
      cause: cause ?? (nearest === undefined ? 'new' : 'changed'),
      ...(nearest === undefined ? {} : { nearest: { recordedAt: nearest.record.createdAt, text: nearest.text } }),
      differences,
    };
  }

  /** Fewest differences; among equals the one that was used last. */
  #nearest(place: StepPlace, step: ComparedStep): Candidate | undefined {
    const { cache, sites } = this.store;
    const candidates = new Map<string, Candidate>();
    for (const entry of sitesOf(place).flatMap((site) => sites.find(site))) {
      const { definition, parent, text, base } = entry;
      const record = this.#own.has(nameOf(entry)) ? undefined : cache.find(definition, parent);
      if (record !== undefined) candidates.set(nameOf(entry), { entry, record, text, parent, base, inputs: record.inputs });
    }
    const ranked = [...candidates.values()].map((candidate) => ({
      candidate,
      distance: distanceBetween(candidate, step),
      usedAt: cache.usedAt(candidate.record)?.getTime() ?? 0,
    }));
    return ranked.sort((a, b) => a.distance - b.distance || b.usedAt - a.usedAt)[0]?.candidate;
  }

  async #remember(place: StepPlace, key: ExplainableKey): Promise<void> {
    const { store } = this;
    if (!this.remembers) return;
    const selections = Object.entries(key.selections).filter(([, { digest }]) => digest !== '');
    for (const [, { digest, entries }] of selections) {
      if (entries !== undefined && !store.selections.has(digest)) await store.selections.put(digest, entries());
    }
    const entry: SiteEntry = {
      definition: key.definition,
      parent: await key.parentContent(),
      text: place.text,
      ...(place.base === undefined ? {} : { base: place.base }),
      selections: Object.fromEntries(selections.map(([name, { digest }]) => [name, digest])),
    };
    this.#own.add(nameOf(entry));
    for (const site of sitesOf(place)) await store.sites.add(site, entry);
  }

  async #lists(
    input: string,
    entry: SiteEntry,
    key: ExplainableKey,
  ): Promise<readonly [Iterable<SelectionEntry>, Iterable<SelectionEntry>] | undefined> {
    const [before, after] = [entry.selections[input], key.selections[input]];
    if (before === undefined || after === undefined) return undefined;
    const old = await this.store.selections.get(before);
    const now = after.entries?.() ?? (await this.store.selections.get(after.digest));
    return old === undefined || now === undefined ? undefined : [old, now];
  }
}

/** The place comes first: it alone is there for every step that was ever built from this file. */
function sitesOf({ containerfile, stage, position, text, repetition }: StepPlace): readonly [readonly string[], readonly string[]] {
  return [
    ['place', containerfile ?? '', stage, String(position)],
    ['text', stage, text, String(repetition)],
  ];
}

function nameOf({ definition, parent }: SiteEntry): string {
  return `${definition} ${parent}`;
}
