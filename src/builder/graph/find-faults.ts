import type { ContainerfileSyntaxError, Source } from '../../parser/index.js';
import { isSyntaxError } from './fault-location.js';
import type { Stage } from './graph.js';
import { type LoweredStage, lowerStage, type StageInput } from './lower-stage.js';

/**
 * What is wrong with the values of the stages' instructions, as far as it is known before any base image is: in a stage on an image, only
 * instructions without variables are judged, since the image may set any.
 *
 * @param stages in file order, with those that others are based on
 */
export function findFaults(stages: readonly Stage[]): readonly ContainerfileSyntaxError[] {
  const faults: ContainerfileSyntaxError[] = [];
  const ends = new Map<number, { readonly input: StageInput; readonly known: boolean }>();
  for (const stage of stages) {
    const { input, known } = startOf(stage, ends);
    const { lowered, errors } = attempt(stage, input);
    faults.push(...(known ? errors : errors.filter((error) => !usesVariables(error, stage.setting.containerfile.source))));
    ends.set(stage.index, { input: lowered ?? input, known: known && lowered !== undefined });
  }
  return faults;
}

function startOf({ base }: Stage, ends: ReadonlyMap<number, { readonly input: StageInput; readonly known: boolean }>) {
  const nothing = { input: { config: {} }, known: base.kind === 'scratch' };
  return base.kind === 'stage' ? (ends.get(base.index) ?? nothing) : nothing;
}

function attempt(stage: Stage, input: StageInput): { lowered: LoweredStage | undefined; errors: readonly ContainerfileSyntaxError[] } {
  try {
    return { lowered: lowerStage(stage, input), errors: [] };
  } catch (error) {
    if (!isSyntaxError(error)) throw error;
    return { lowered: undefined, errors: error.errors };
  }
}

/** The instruction of the error, from the line of its mistake on: a continued line before it may use variables as well. */
function usesVariables({ line, endLine }: ContainerfileSyntaxError, { text }: Source): boolean {
  return text
    .split('\n')
    .slice(line - 1, endLine)
    .some((part) => part.includes('$'));
}
