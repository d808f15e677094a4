import { sha256Hex } from '../../sha256.js';
import { JobLimit, type Surplus } from './job-limit.js';
import type { BuildCache, Claim, Outcome, Step, StepKey } from './types.js';

export interface SchedulerOptions<R> {
  /** How many steps run at a time; looking up and waiting do not count. 0 = no limit. A function is asked when a second one comes. */
  readonly jobs: number | (() => number);
  /** Left out: never more than `jobs`. */
  readonly surplus?: Surplus | undefined;
  /** Whether the machine has room for one more step beside those that run. */
  readonly hasRoom?: (() => boolean) | undefined;
  readonly cache: BuildCache<R>;
  /** Cancels everything. */
  readonly signal?: AbortSignal;
}

/**
 * Evaluates steps: each once, its inputs first, equal work in flight once, independent work at the same time. The first failure stops
 * what is still running.
 */
export class Scheduler<R extends object> {
  readonly #jobs: JobLimit;
  readonly #cache: BuildCache<R>;
  readonly #abort = new AbortController();
  readonly #steps = new Map<Step<R>, Promise<Outcome<R>>>();
  readonly #flights = new Map<string, Promise<Outcome<R>>>();
  readonly #missed = new Map<Step<R>, StepKey>();
  readonly #ids = new WeakMap<R, number>();
  #lastId = 0;

  constructor(options: SchedulerOptions<R>) {
    this.#jobs = new JobLimit({ limit: options.jobs, surplus: options.surplus, hasRoom: options.hasRoom });
    this.#cache = options.cache;
    const { signal } = options;
    if (signal?.aborted) this.cancel(signal.reason);
    else signal?.addEventListener('abort', () => this.cancel(signal.reason), { once: true });
  }

  /** Aborted by the first failure or by the caller's signal; whoever works for a step may listen to it. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Stops everything, as a failing step does; the first reason counts. */
  cancel(reason: unknown): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(reason);
  }

  /**
   * The outcome of `step`; asking again gives the same one.
   *
   * @throws what the step threw; when another step had failed before, that step's error
   */
  evaluate(step: Step<R>): Promise<Outcome<R>> {
    let evaluation = this.#steps.get(step);
    if (evaluation === undefined) {
      evaluation = this.#evaluate(step);
      // Whoever awaits sees the failure; a step that nobody awaits any more must not end the process.
      evaluation.catch((error: unknown) => this.cancel(error));
      this.#steps.set(step, evaluation);
    }
    return evaluation;
  }

  /** The key of a step that no earlier build had the outcome of, whatever has become of it since; undefined for every other step. */
  missed(step: Step<R>): StepKey | undefined {
    return this.#missed.get(step);
  }

  /** Resolves when nothing that was started is still running, whether it succeeded or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#steps.values());
  }

  async #evaluate(step: Step<R>): Promise<Outcome<R>> {
    const outcomes = await Promise.all(step.inputs.map((input) => this.evaluate(input)));
    const inputs = outcomes.map((outcome) => outcome.value);
    this.#abort.signal.throwIfAborted();
    const key = await step.key(inputs, { signal: this.#abort.signal });
    const flight = [key.fresh === true ? 'fresh' : 'any', key.definition, ...inputs.map((input) => this.#idOf(input))].join(' ');
    const shared = this.#flights.get(flight);
    if (shared !== undefined) {
      key.unused?.();
      return shared;
    }
    const lineage = lineageOf(key.definition, outcomes);
    const work = this.#findOrRun(step, inputs, { key, lineage });
    this.#flights.set(flight, work);
    return work;
  }

  async #findOrRun(step: Step<R>, inputs: readonly R[], name: Pick<Outcome<R>, 'key' | 'lineage'>): Promise<Outcome<R>> {
    const { key, lineage } = name;
    const { signal } = this.#abort;
    let isRun = false;
    let claim: Claim | undefined;
    try {
      const found = await this.#cache.find(key, inputs);
      if (found !== undefined) return { value: found, ...name, cached: true };
      this.#missed.set(step, key);
      claim = await this.#cache.claim?.(key, lineage, { label: step.label, signal });
      // Whoever had it before may have made what we look for.
      const made = claim?.waited === true ? await this.#cache.find(key, inputs) : undefined;
      if (made !== undefined) {
        claim?.release();
        this.#missed.delete(step);
        return { value: made, ...name, cached: true };
      }
      return await this.#jobs.run(async () => {
        signal.throwIfAborted();
        isRun = true;
        return { value: await step.run(inputs, key, { signal }), ...name, cached: false };
      });
    } catch (error) {
      claim?.release();
      throw error;
    } finally {
      if (!isRun) key.unused?.();
    }
  }

  #idOf(value: R): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = ++this.#lastId;
      this.#ids.set(value, id);
    }
    return id;
  }
}

/** Names a step by its definition and those of everything below it: known before anything ran. */
function lineageOf(definition: string, inputs: readonly { readonly lineage: string }[]): string {
  const text = [definition, ...inputs.map(({ lineage }) => lineage)].join('\n');
  return sha256Hex(text);
}
