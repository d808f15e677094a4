import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate, Random } from './mutate.js';
import { type FuzzTarget, outcomeOf } from './target.js';

/** An input that a target got wrong. */
export class Finding extends Error {
  constructor(
    readonly target: string,
    readonly input: Buffer,
    cause: unknown,
  ) {
    super(`${target}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`, { cause });
  }
}

export interface FuzzLimits {
  readonly executions: number;
  /** Asked every thousand executions. */
  readonly stop?: () => boolean;
  readonly seed: number;
}

export interface FuzzResult {
  readonly executions: number;
  /** How many different ways the target went. */
  readonly outcomes: number;
}

const MAX_POOL = 2000;

/** The files of fuzz/corpus/NAME. */
export function readCorpus(corpus: string, name: string): Buffer[] {
  const folder = join(corpus, name);
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file)));
}

/**
 * Runs a target over its seeds and then over mutations of them and of every input that went a new way.
 *
 * @throws {Finding} the first input that the target got wrong
 */
export function fuzz(target: FuzzTarget, seeds: readonly Buffer[], limits: FuzzLimits): FuzzResult {
  const random = new Random(limits.seed);
  const pool = [...seeds];
  const outcomes = new Set<string>();
  const execute = (input: Buffer): boolean => {
    let outcome: string;
    try {
      outcome = outcomeOf(target, input);
    } catch (error) {
      throw new Finding(target.name, input, error);
    }
    const isNew = !outcomes.has(outcome);
    outcomes.add(outcome);
    return isNew;
  };
  for (const seed of seeds) execute(seed);
  let executions = seeds.length;
  for (; executions < limits.executions; executions++) {
    if (executions % 1000 === 0 && limits.stop?.() === true) break;
    const input = mutate(random.pick(pool), random.pick(pool), target.words, random);
    if (execute(input) && pool.length < MAX_POOL) pool.push(input);
  }
  return { executions, outcomes: outcomes.size };
}
