import type { Step as GraphStep, Stage } from '../../builder/graph/index.js';
import type { StepPlace } from '../../builder/steps/index.js';

export interface StageOrigin {
  /** Absolute path of the Containerfile; undefined for standard input. */
  readonly containerfile: string | undefined;
  /** Manifest digest of the image the stage goes back to. */
  readonly base: string | undefined;
}

/** A here-document may be long; its beginning tells it from others, and the key knows the rest. */
const MAX_TEXT = 1000;

/** Where each step of a stage stands. Instructions that only edit the configuration do not count: adding one moves nothing. */
export function placesOf(stage: Stage, steps: readonly GraphStep[], origin: StageOrigin): readonly StepPlace[] {
  const seen = new Map<string, number>();
  let position = 0;
  return steps.map((step) => {
    const text = step.display.slice(0, MAX_TEXT);
    const repetition = seen.get(text) ?? 0;
    seen.set(text, repetition + 1);
    const place = { stage: stage.name ?? String(stage.index), position, text, repetition, ...origin };
    if (step.kind !== 'config') position++;
    return place;
  });
}
