import { type Graph, type Step as GraphStep, type LoweredStage, lowerStage, type Stage } from '../../builder/graph/index.js';
import type { Outcome, Scheduler, Step, StepKey } from '../../builder/scheduler/index.js';
import {
  ConstantStep,
  CopyStep,
  EMPTY_ROOT,
  FreshStep,
  LinkStep,
  type RootState,
  SealStep,
  type StepPlace,
  type Toolbox,
  WatchedStep,
} from '../../builder/steps/index.js';
import { completeHistory, type DiffId, emptyConfig, type HistoryEntry, type ImageConfig } from '../../image/index.js';
import type { Instruction } from '../../parser/index.js';
import type { StepLabel } from '../../progress.js';
import { sha256Hex } from '../../sha256.js';
import { suggest } from '../../suggest.js';
import { DecisionLog, type DecisionLogOptions } from '../decision-log.js';
import type { BaseImage, BaseImages, StageImage } from './base-images.js';
import { freshStages } from './cache-flags.js';
import { fromContext } from './contexts/from-context.js';
import type { NamedContexts } from './contexts/named-contexts.js';
import { locate, locateLostLayer } from './locate-failure.js';
import type { OtherSource, StepInput, StepMaker } from './make-step.js';
import { placesOf } from './step-places.js';

/** A stage whose steps are known; nothing of it needs to have run. */
interface PreparedStage {
  readonly stage: Stage;
  readonly lowered: LoweredStage;
  /** The image the stage goes back to, through other stages; undefined for scratch. */
  readonly image: StageImage | undefined;
  /** The step each instruction is; undefined for those that only edit the configuration. */
  readonly steps: readonly (Step<RootState> | undefined)[];
  /** What a stage on this one, or a COPY from it, builds on. */
  readonly last: Step<RootState>;
}

/** What a stage begins with. */
interface StageStart {
  readonly config: LoweredStage['config'];
  readonly args?: LoweredStage['args'];
  readonly author: string | undefined;
  readonly image: StageImage | undefined;
  readonly step: Step<RootState>;
}

/** A stage that was built. */
export interface BuiltStage {
  readonly stage: Stage;
  readonly lowered: LoweredStage;
  readonly image: StageImage | undefined;
  readonly root: RootState;
  /** Of the instructions of this stage and of those below it, down to the base image. */
  readonly history: readonly HistoryEntry[];
  /** Of all stages that were built with it. */
  readonly decisions: DecisionLog | undefined;
}

export interface FailedStep {
  readonly error: unknown;
  readonly label: StepLabel;
  readonly step: GraphStep;
  /** The file system it was to change. */
  readonly parent: RootState;
}

export interface StageBuilderOptions {
  readonly graph: Graph;
  readonly images: BaseImages;
  readonly scheduler: Scheduler<RootState>;
  readonly toolbox: Toolbox;
  readonly makeStep: StepMaker;
  readonly contexts: NamedContexts;
  /** Stages whose steps all run: `--no-cache-filter`. */
  readonly noCacheFilter?: readonly string[];
  /** How decisions are explained; left out: nobody asks. */
  readonly explaining?: DecisionLogOptions | undefined;
  /** Absolute path; undefined for standard input. */
  readonly containerfilePath?: string | undefined;
  /** False: a stage begins without the labels of its base. */
  readonly inheritLabels?: boolean | undefined;
  /** The files of the last stage are asked for when it is built: for an output of files, or one layer of everything. */
  readonly isRootSeen?: boolean | undefined;
  /** Layers of images that could not be fetched, where that is what an error says. */
  readonly lostLayers: (error: unknown) => readonly DiffId[];
  /** Looks into a step that failed otherwise than by its command. */
  readonly onFailedStep?: ((failure: FailedStep) => Promise<void>) | undefined;
  /** Where several platforms are built: what precedes this one's lines, and the number of its first stage among all. */
  readonly place?: { readonly platform: string; readonly first: number } | undefined;
}

/** Builds the stages a graph needs, all at once as far as they do not wait for each other. */
export class StageBuilder {
  readonly #options: StageBuilderOptions;
  readonly #prepared = new Map<number, Promise<PreparedStage>>();
  readonly #built = new Map<number, Promise<BuiltStage>>();
  /** Failures as they are shown, by what was thrown. */
  readonly #located = new Map<unknown, unknown>();
  readonly #images: StageImage[] = [];

  readonly #decisions: DecisionLog | undefined;
  readonly #fresh: ReadonlySet<number>;

  constructor(options: StageBuilderOptions) {
    this.#options = options;
    this.#decisions = options.explaining && new DecisionLog(options.explaining);
    this.#fresh = freshStages(options.noCacheFilter ?? [], options.graph, options.toolbox.reporter);
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
      throw this.#located.get(reason) ?? reason;
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

  get #firstStage(): number {
    return this.#options.place?.first ?? 0;
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
    const { graph, scheduler, toolbox } = this.#options;
    const { reporter } = toolbox;
    const position = graph.stages.findIndex((stage) => stage.index === index);
    const stage = graph.stages[position]!;
    const label = (number: number, total: number, text: string): StepLabel => ({
      stage: this.#firstStage + position,
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
      const prepared = await this.#prepare(index);
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
      const lost = locateLostLayer(error, this.#images, this.#options.lostLayers(error));
      if (!this.#located.has(error)) this.#located.set(error, lost ?? locate(error, stage, instruction, running));
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

  #prepare(index: number): Promise<PreparedStage> {
    let prepared = this.#prepared.get(index);
    if (prepared === undefined) {
      prepared = this.#prepareStage(this.#options.graph.allStages[index]!);
      prepared.catch((error: unknown) => this.#options.scheduler.cancel(error));
      this.#prepared.set(index, prepared);
    }
    return prepared;
  }

  async #prepareStage(stage: Stage): Promise<PreparedStage> {
    const { graph } = this.#options;
    const base = await this.#base(stage);
    const lowered = lowerStage(stage, {
      config: this.#options.inheritLabels === false ? withoutLabels(base.config) : base.config,
      ...(base.args === undefined ? {} : { args: base.args }),
      author: base.author,
    });
    let last = base.step;
    let lastMade: Step<RootState> | undefined;
    const steps: (Step<RootState> | undefined)[] = [];
    for (const step of lowered.steps) {
      const label = this.#labelOf(stage, steps.length, lowered.steps.length, step);
      const inputOf = async (source: OtherSource): Promise<StepInput> => {
        try {
          return await this.#inputOf(source, stage);
        } catch (error) {
          this.#locateAt(step, label, stage, error, this.#stageLike(source));
          throw error;
        }
      };
      const made = await this.#makeStep(step, last, { inputOf, label, platform: stage.platform }, stage);
      const own = made && this.#wrap(made, step, label, stage);
      steps.push(own);
      last = own ?? last;
      lastMade = made ?? lastMade;
    }
    // No stage comes before one that it depends on, so nothing but the outputs can ask for the files of the last.
    if (lastMade instanceof CopyStep && stage === graph.stages.at(-1)) lastMade.isUnseen = this.#options.isRootSeen !== true;
    if (!this.#options.toolbox.layerPerStep) last = new SealStep(last, this.#options.toolbox);
    return { stage, lowered, image: base.image, steps, last };
  }

  #wrap(made: Step<RootState>, step: GraphStep, label: StepLabel, stage: Stage): Step<RootState> {
    const fresh = (one: Step<RootState>): Step<RootState> => (this.#fresh.has(stage.index) ? new FreshStep(one) : one);
    if (!(made instanceof LinkStep)) return fresh(made);
    // It is begun before its turn, so whoever waits then is not at its instruction.
    const copy = new WatchedStep(fresh(made.copy), (error) => this.#locateAt(step, label, stage, error));
    return new LinkStep(made.parent, copy);
  }

  async #makeStep(step: GraphStep, parent: Step<RootState>, neighbours: Parameters<StepMaker>[2], stage: Stage) {
    try {
      return await this.#options.makeStep(step, parent, neighbours);
    } catch (error) {
      this.#locateAt(step, neighbours.label, stage, error);
      throw error;
    }
  }

  /** Not at the FROM, which waits for all of the stage's steps to be made. */
  #locateAt(step: GraphStep, label: StepLabel, stage: Stage, error: unknown, hint?: string): void {
    const instruction = step.triggered ? stage.from : step.instruction;
    if (!this.#located.has(error)) this.#located.set(error, locate(error, stage, instruction, label, hint));
  }

  async #base(stage: Stage): Promise<StageStart> {
    switch (stage.base.kind) {
      case 'stage': {
        const { lowered, image, last } = await this.#prepare(stage.base.index);
        return { config: lowered.config, args: lowered.args, author: lowered.author, image, step: last };
      }
      case 'image':
        return this.#imageBase(stage.base.reference, stage);
      case 'named-context': {
        const { contexts, scheduler, toolbox } = this.#options;
        const found = await contexts.get(stage.base.name, stage.platform, scheduler.signal);
        if (found.kind === 'image') return this.#imageBase(found.reference, stage);
        const step = found.kind === 'scratch' ? scratchStep() : fromContext(stage, found.source, scratchStep(), toolbox);
        return { config: {}, author: undefined, image: undefined, step };
      }
      case 'scratch':
        return { config: {}, author: undefined, image: undefined, step: scratchStep() };
    }
  }

  async #imageBase(reference: string, stage: Stage): Promise<StageStart> {
    const image = await this.#baseImage(reference, stage);
    const own = { ...image, stage };
    this.#images.push(own);
    return { config: image.config.config ?? {}, author: image.config.author, image: own, step: imageStep(image) };
  }

  async #baseImage(reference: string, stage: Stage): Promise<BaseImage> {
    try {
      return await this.#options.images.get(reference, stage.platform);
    } catch (error) {
      const later = this.#options.graph.allStages.find(({ name, index }) => name === reference && index >= stage.index);
      if (later !== undefined && !this.#located.has(error)) {
        const hint = `The stage "${reference}" is not above this one: a stage is built on stages before it`;
        this.#located.set(error, locate(error, stage, stage.from, { text: stage.display }, hint));
      }
      throw error;
    }
  }

  /** What COPY --from and mounts read: the end of another stage, or an image. */
  async #inputOf(source: OtherSource, reader: Stage): Promise<StepInput> {
    const { contexts, images, scheduler } = this.#options;
    if (source.kind === 'stage') return { root: (await this.#prepare(source.index)).last };
    if (source.kind === 'image') return { root: imageStep(await images.get(source.reference, reader.platform)) };
    const found = await contexts.get(source.name, reader.platform, scheduler.signal);
    if (found.kind === 'files') return { context: found.source };
    return { root: found.kind === 'scratch' ? scratchStep() : imageStep(await images.get(found.reference, reader.platform)) };
  }

  /** An image that is not there may be a stage whose name was misspelt. */
  #stageLike(source: OtherSource): string | undefined {
    if (source.kind !== 'image') return undefined;
    const near = suggest(
      source.reference,
      this.#options.graph.allStages.flatMap(({ name }) => name ?? []),
    );
    return near === undefined ? undefined : `Did you mean the stage "${near}"?`;
  }

  #labelOf(stage: Stage, at: number, count: number, step: GraphStep): StepLabel {
    const position = this.#options.graph.stages.findIndex(({ index }) => index === stage.index);
    return { stage: this.#firstStage + position, stageName: stage.name, index: at + 2, total: count + 1, text: step.display };
  }

  async #historyBelow(stage: Stage): Promise<readonly HistoryEntry[]> {
    if (stage.base.kind === 'stage') return (await this.#buildOnce(stage.base.index)).history;
    if (stage.base.kind !== 'named-context') return [];
    const { step, image } = await this.#base(stage);
    if (image !== undefined) return [];
    // The files of a context are a layer, which no instruction made.
    const { value } = await this.#options.scheduler.evaluate(step);
    return value.addedLayer ? [{ created_by: `/bin/sh -c #(nop) FROM ${stage.base.name}` }] : [];
  }
}

/** The configuration of a built stage, but for its times. */
export function imageConfigOf(built: BuiltStage, diffIds: ImageConfig['rootfs']['diff_ids']): ImageConfig {
  const { stage, lowered, image } = built;
  const { os, architecture, variant } = stage.platform;
  const start: ImageConfig = image?.config ?? emptyConfig({ architecture, os, ...(variant === undefined ? {} : { variant }) });
  const { created: _created, author: _author, history: _history, ...base } = start;
  const author = lowered.author;
  return {
    ...base,
    ...(author === undefined ? {} : { author }),
    config: lowered.config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...completeHistory(start), ...built.history],
  };
}

function withoutLabels({ Labels: _, ...config }: LoweredStage['config']): LoweredStage['config'] {
  return config;
}

function decidedBy(step: Step<RootState>): Step<RootState> {
  return step instanceof LinkStep ? step.copy : step;
}

function scratchStep(): Step<RootState> {
  return new ConstantStep('scratch', EMPTY_ROOT);
}

function imageStep(image: BaseImage): Step<RootState> {
  return new ConstantStep(image.digest, { layers: image.layers, addedLayer: false });
}

/** Twelve digits of this are shown behind each step: what it is and what it stands on, the same in every build. */
function nextId(previous: string, step: GraphStep, key: StepKey | undefined): string {
  return sha256Hex(`${previous}\n${key?.definition ?? step.display}`);
}

/** What scripts tell BuildKit's own entries by. */
const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/** The entry of a step; a layer has one, whatever made it. */
function historyOf(step: GraphStep, root: RootState | undefined, layerPerStep: boolean): HistoryEntry[] {
  if (step.createdBy === undefined) return [];
  const entry = { created_by: step.createdBy, comment: HISTORY_COMMENT };
  return [layerPerStep && root?.addedLayer === true ? entry : { ...entry, empty_layer: true }];
}

/** Where a stage makes one layer of everything, its last instruction is said to have made it. */
function withLayer(history: readonly HistoryEntry[]): HistoryEntry[] {
  const last = history.at(-1);
  if (last === undefined) return [{ created_by: '/bin/sh' }];
  const { empty_layer: _, ...entry } = last;
  return [...history.slice(0, -1), entry];
}
