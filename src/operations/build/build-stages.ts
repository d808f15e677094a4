import type { Step as GraphStep, Stage } from '../../builder/graph/index.js';
import type { Outcome, Step, StepKey } from '../../builder/scheduler/index.js';
import { LinkStep, type RootState, type StepPlace, type Toolbox } from '../../builder/steps/index.js';
import type { DiffId, HistoryEntry } from '../../image/index.js';
import type { Instruction } from '../../parser/index.js';
import type { StepLabel } from '../../progress.js';
import { sha256Hex } from '../../sha256.js';
import { DecisionLog, type DecisionLogOptions } from '../decision-log.js';
import { FailurePlaces } from './failure-places.js';
import { locate, locateLostLayer } from './locate-failure.js';
import { StagePreparer, type StagePreparerOptions } from './prepare-stages.js';
import { type BuiltStage, historyOf, withLayer } from './stage-image.js';
import { placesOf } from './step-places.js';

export interface FailedStep {
  readonly error: unknown;
  readonly label: StepLabel;
  readonly step: GraphStep;
  /** The file system it was to change. */
  readonly parent: RootState;
}

export interface StageBuilderOptions extends StagePreparerOptions {
  /** How decisions are explained; left out: nobody asks. */
  readonly explaining?: DecisionLogOptions | undefined;
  /** Absolute path; undefined for standard input. */
  readonly containerfilePath?: string | undefined;
  /** Layers of images that could not be fetched, where that is what an error says. */
  readonly lostLayers: (error: unknown) => readonly DiffId[];
  /** Looks into a step that failed otherwise than by its command. */
  readonly onFailedStep?: ((failure: FailedStep) => Promise<void>) | undefined;
}

/** Builds the stages a graph needs, all at once as far as they do not wait for each other. */
export class StageBuilder {
  readonly #options: StageBuilderOptions;
  readonly #built = new Map<number, Promise<BuiltStage>>();
  readonly #failures = new FailurePlaces();
  readonly #preparer: StagePreparer;
  readonly #decisions: DecisionLog | undefined;

  constructor(options: StageBuilderOptions) {
    this.#options = options;
    this.#decisions = options.explaining && new DecisionLog(options.explaining);
    this.#preparer = new StagePreparer(options, this.#failures);
  }

  /** Builds every stage of the graph and gives the targets. @throws the first failure, after everything else has stopped */
  async build(): Promise<readonly BuiltStage[]> {
    const { graph, scheduler, toolbox, place } = this.#options;
    toolbox.reporter.report({ kind: 'build-started', stages: graph.stages.length, ...place });
    const stages = graph.stages.map((stage) => this.#buildOnce(stage.index));
    try {
      await Promise.all(stages);
      return await Promise.all(graph.targets.map((target) => this.#buildOnce(target.index)));
    } catch (error) {
      scheduler.cancel(error);
      await Promise.allSettled(stages);
      await scheduler.settled();
      const reason: unknown = scheduler.signal.reason;
      await this.#keepDecisions(toolbox);
      throw this.#failures.get(reason);
    }
  }

  /** What was decided so far. The build fails for the reason it has: not because this could not be written. */
  async #keepDecisions({ interrupted, now, store, reporter }: Toolbox): Promise<void> {
    try {
      await this.#decisions?.writeUnfinished(interrupted.aborted ? 'cancelled' : 'failed', now(), store);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      reporter.report({ kind: 'warning', text: `What was decided about its steps could not be kept: ${problem}` });
    }
  }

  /** The stages that are no target; they are built once `build` has resolved. */
  async others(): Promise<readonly BuiltStage[]> {
    const { graph } = this.#options;
    const isTarget = (stage: Stage): boolean => graph.targets.some(({ index }) => index === stage.index);
    return Promise.all(graph.stages.filter((stage) => !isTarget(stage)).map((stage) => this.#buildOnce(stage.index)));
  }

  #buildOnce(index: number): Promise<BuiltStage> {
    let built = this.#built.get(index);
    if (built === undefined) {
      built = this.#build(index);
      built.catch((error: unknown) => this.#options.scheduler.cancel(error));
      this.#built.set(index, built);
    }
    return built;
  }

  async #build(index: number): Promise<BuiltStage> {
    const { graph, scheduler, toolbox, place } = this.#options;
    const { reporter } = toolbox;
    const position = graph.stages.findIndex((stage) => stage.index === index);
    const stage = graph.stages[position]!;
    const label = (number: number, total: number, text: string): StepLabel => ({
      stage: (place?.first ?? 0) + position,
      stageName: stage.name,
      index: number,
      total,
      text,
    });
    // FROM is announced before its image is looked for, when the number of steps that triggers may add is not known yet.
    const announced = label(1, stage.instructions.length + 1, stage.display);
    reporter.report({ kind: 'step-started', step: announced });
    let id = sha256Hex(stage.display);
    let running = announced;
    let instruction: Instruction = stage.from;
    let failing: { readonly step: GraphStep; readonly scheduled: Step<RootState>; readonly place: StepPlace } | undefined;
    try {
      const prepared = await this.#preparer.prepare(index);
      const { lowered, image } = prepared;
      const total = lowered.steps.length + 1;
      const history = [...(await this.#historyBelow(stage))];
      const places = placesOf(stage, lowered.steps, { containerfile: this.#options.containerfilePath, base: image?.digest });
      await this.#decisions?.addBase(label(1, total, stage.display), id, stage.base.kind === 'image' ? image?.digest : undefined);
      for (const step of prepared.steps) if (step instanceof LinkStep) void scheduler.evaluate(step.copy);
      for (const [at, step] of lowered.steps.entries()) {
        running = label(at + 2, total, step.triggered ? `ONBUILD ${step.display}` : step.display);
        instruction = step.triggered ? stage.from : step.instruction;
        reporter.report({ kind: 'step-started', step: running });
        const scheduled = prepared.steps[at];
        failing = scheduled === undefined ? undefined : { step, scheduled, place: places[at]! };
        const outcome = scheduled === undefined ? undefined : await this.#evaluate(scheduled);
        id = nextId(id, step, outcome?.key);
        failing = undefined;
        await this.#decisions?.addStep(running, id, places[at]!, outcome);
        reporter.report({ kind: outcome?.cached === true ? 'step-cached' : 'step-done', step: running, id });
        history.push(...historyOf(step, outcome?.value, toolbox.layerPerStep));
      }
      const { value: root } = await scheduler.evaluate(prepared.last);
      const complete = toolbox.layerPerStep || !root.addedLayer ? history : withLayer(history);
      return { stage, lowered, image, root, history: complete, decisions: this.#decisions };
    } catch (error) {
      const key = failing && scheduler.missed(decidedBy(failing.scheduled));
      if (failing !== undefined && key !== undefined)
        await this.#decisions?.addUnfinished(running, nextId(id, failing.step, key), failing.place, key);
      if (!scheduler.signal.aborted || scheduler.signal.reason === error) reporter.report({ kind: 'step-failed', step: running });
      // The stage that owns the step fails before those that wait for it: its instruction is the one to show.
      // A layer that a step came to need is the fault of the FROM that names its image.
      const lost = locateLostLayer(error, this.#preparer.images, this.#options.lostLayers(error));
      this.#failures.set(error, lost ?? locate(error, stage, instruction, running));
      if (failing !== undefined && scheduler.signal.reason === error) await this.#lookInto(error, running, failing.step, failing.scheduled);
      throw error;
    }
  }

  /** With `--link` the copy is what is found in the cache or not. */
  async #evaluate(step: Step<RootState>): Promise<Outcome<RootState>> {
    const { scheduler } = this.#options;
    const outcome = await scheduler.evaluate(step);
    return step instanceof LinkStep ? { ...(await scheduler.evaluate(step.copy)), value: outcome.value } : outcome;
  }

  /** What a step failed on is there as long as the build is: its first input. */
  async #lookInto(error: unknown, label: StepLabel, step: GraphStep, { inputs }: Step<RootState>): Promise<void> {
    const { onFailedStep, scheduler, toolbox } = this.#options;
    const [parent] = inputs;
    if (onFailedStep === undefined || parent === undefined || toolbox.interrupted.aborted) return;
    await onFailedStep({ error, label, step, parent: (await scheduler.evaluate(parent)).value });
  }

  async #historyBelow(stage: Stage): Promise<readonly HistoryEntry[]> {
    if (stage.base.kind === 'stage') return (await this.#buildOnce(stage.base.index)).history;
    if (stage.base.kind !== 'named-context') return [];
    const { step, image } = await this.#preparer.base(stage);
    if (image !== undefined) return [];
    // The files of a context are a layer, which no instruction made.
    const { value } = await this.#options.scheduler.evaluate(step);
    return value.addedLayer ? [{ created_by: `/bin/sh -c #(nop) FROM ${stage.base.name}` }] : [];
  }
}

function decidedBy(step: Step<RootState>): Step<RootState> {
  return step instanceof LinkStep ? step.copy : step;
}

/** Twelve digits of this are shown behind each step: what it is and what it stands on, the same in every build. */
function nextId(previous: string, step: GraphStep, key: StepKey | undefined): string {
  return sha256Hex(`${previous}\n${key?.definition ?? step.display}`);
}
