import { TsbuildError } from '../../src/errors.js';

/** Something that reads bytes from outside. */
export interface FuzzTarget {
  /** Also the folder of its seeds under fuzz/corpus. */
  readonly name: string;
  /** Words that mutation puts in. */
  readonly words: readonly string[];
  /**
   * Reads `input` and checks what came out.
   *
   * @returns which way it went, in few words: inputs that go a new way are mutated further
   * @throws anything but a {@link TsbuildError}: a finding
   */
  run(input: Buffer): string;
}

/** Runs a target; an error that is meant for the user is an outcome, told by its text without names and numbers. */
export function outcomeOf(target: FuzzTarget, input: Buffer): string {
  try {
    return target.run(input);
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return error.message
      .replace(/"(?:[^"\\]|\\.)*"/g, '""')
      .replace(/\d+/g, '0')
      .slice(0, 160);
  }
}

/** What must hold of every input. */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
