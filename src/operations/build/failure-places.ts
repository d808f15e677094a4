import type { Step as GraphStep, Stage } from '../../builder/graph/index.js';
import type { StepLabel } from '../../progress.js';
import { locate } from './locate-failure.js';

/** Failures as they are shown, by what was thrown: whoever knows best where one happened comes first. */
export class FailurePlaces {
  readonly #located = new Map<unknown, unknown>();

  /** As it is shown, or as it is. */
  get(error: unknown): unknown {
    return this.#located.get(error) ?? error;
  }

  /** Nothing where that error has a place already. */
  set(error: unknown, shown: unknown): void {
    if (!this.#located.has(error)) this.#located.set(error, shown);
  }

  /** Not at the FROM, which waits for all of the stage's steps to be made. */
  setAt(step: GraphStep, label: StepLabel, stage: Stage, error: unknown, hint?: string): void {
    const instruction = step.triggered ? stage.from : step.instruction;
    this.set(error, locate(error, stage, instruction, label, hint));
  }
}
