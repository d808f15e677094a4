import { type Graph, type Step as GraphStep, type LoweredStage, lowerStage, type Stage } from '../../builder/graph/index.js';
import type { Scheduler, Step } from '../../builder/scheduler/index.js';
import {
  ConstantStep,
  CopyStep,
  EMPTY_ROOT,
  FreshStep,
  LinkStep,
  type RootState,
  SealStep,
  type Toolbox,
  WatchedStep,
} from '../../builder/steps/index.js';
import type { StepLabel } from '../../progress.js';
import { suggest } from '../../suggest.js';
import type { BaseImage, BaseImages, StageImage } from './base-images.js';
import { freshStages } from './cache-flags.js';
import { fromContext } from './contexts/from-context.js';
import type { NamedContexts } from './contexts/named-contexts.js';
import type { FailurePlaces } from './failure-places.js';
import { locate } from './locate-failure.js';
import type { OtherSource, StepInput, StepMaker } from './make-step.js';

/** A stage whose steps are known; nothing of it needs to have run. */
export interface PreparedStage {
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
export interface StageStart {
  readonly config: LoweredStage['config'];
  readonly args?: LoweredStage['args'];
  readonly author: string | undefined;
  readonly image: StageImage | undefined;
  readonly step: Step<RootState>;
}

export interface StagePreparerOptions {
  readonly graph: Graph;
  readonly images: BaseImages;
  readonly scheduler: Scheduler<RootState>;
  readonly toolbox: Toolbox;
  readonly makeStep: StepMaker;
  readonly contexts: NamedContexts;
  /** Stages whose steps all run: `--no-cache-filter`. */
  readonly noCacheFilter?: readonly string[];
  /** False: a stage begins without the labels of its base. */
  readonly inheritLabels?: boolean | undefined;
  /** The files of the last stage are asked for when it is built: for an output of files, or one layer of everything. */
  readonly isRootSeen?: boolean | undefined;
  /** Where several platforms are built: what precedes this one's lines, and the number of its first stage among all. */
  readonly place?: { readonly platform: string; readonly first: number } | undefined;
}

/** Gives every stage its steps, each stage once; none of them has run when this is done. */
export class StagePreparer {
  readonly #options: StagePreparerOptions;
  readonly #failures: FailurePlaces;
  readonly #prepared = new Map<number, Promise<PreparedStage>>();
  readonly #fresh: ReadonlySet<number>;
  readonly #images: StageImage[] = [];

  constructor(options: StagePreparerOptions, failures: FailurePlaces) {
    this.#options = options;
    this.#failures = failures;
    this.#fresh = freshStages(options.noCacheFilter ?? [], options.graph, options.toolbox.reporter);
  }

  /** The images that stages were found to stand on. */
  get images(): readonly StageImage[] {
    return this.#images;
  }

  prepare(index: number): Promise<PreparedStage> {
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
    const base = await this.base(stage);
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
          this.#failures.setAt(step, label, stage, error, this.#stageLike(source));
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
    const copy = new WatchedStep(fresh(made.copy), (error) => this.#failures.setAt(step, label, stage, error));
    return new LinkStep(made.parent, copy);
  }

  async #makeStep(step: GraphStep, parent: Step<RootState>, neighbours: Parameters<StepMaker>[2], stage: Stage) {
    try {
      return await this.#options.makeStep(step, parent, neighbours);
    } catch (error) {
      this.#failures.setAt(step, neighbours.label, stage, error);
      throw error;
    }
  }

  /** What a stage begins with. */
  async base(stage: Stage): Promise<StageStart> {
    switch (stage.base.kind) {
      case 'stage': {
        const { lowered, image, last } = await this.prepare(stage.base.index);
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
      if (later !== undefined) {
        const hint = `The stage "${reference}" is not above this one: a stage is built on stages before it`;
        this.#failures.set(error, locate(error, stage, stage.from, { text: stage.display }, hint));
      }
      throw error;
    }
  }

  /** What COPY --from and mounts read: the end of another stage, or an image. */
  async #inputOf(source: OtherSource, reader: Stage): Promise<StepInput> {
    const { contexts, images, scheduler } = this.#options;
    if (source.kind === 'stage') return { root: (await this.prepare(source.index)).last };
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
    return {
      stage: (this.#options.place?.first ?? 0) + position,
      stageName: stage.name,
      index: at + 2,
      total: count + 1,
      text: step.display,
    };
  }
}

function withoutLabels({ Labels: _, ...config }: LoweredStage['config']): LoweredStage['config'] {
  return config;
}

function scratchStep(): Step<RootState> {
  return new ConstantStep('scratch', EMPTY_ROOT);
}

function imageStep(image: BaseImage): Step<RootState> {
  return new ConstantStep(image.digest, { layers: image.layers, addedLayer: false });
}
