import type { Outcome, StepKey } from '../builder/scheduler/index.js';
import type { BackgroundWork, RootState, StepExplainer, StepPlace } from '../builder/steps/index.js';
import type { Reporter, StepDecision, StepLabel } from '../progress.js';
import type { Store } from '../store/index.js';

/** A step of a build and what was decided about it, as the log of the build has it. */
export interface LoggedStep {
  readonly stage: number;
  readonly stageName?: string;
  readonly index: number;
  readonly total: number;
  /** The instruction as progress lines show it. */
  readonly text: string;
  /** Hexadecimal digits; progress lines show the first twelve. */
  readonly id: string;
  readonly decision: StepDecision;
  /** The build ended while it ran. */
  readonly unfinished?: true;
}

export interface DecisionLogOptions {
  readonly explainer: StepExplainer;
  readonly background: BackgroundWork;
  readonly reporter: Reporter;
  /** Report each decision before the step is reported as done: `--explain`. */
  readonly isShown: boolean;
}

interface DecidedStep {
  readonly step: StepLabel;
  readonly id: string;
  readonly decision: Promise<StepDecision>;
  readonly unfinished?: true;
}

/** What was decided about the steps of one image. */
export class DecisionLog {
  readonly #steps: DecidedStep[] = [];

  constructor(readonly options: DecisionLogOptions) {}

  /** FROM: `digest` is that of an image's manifest; undefined for scratch and for another stage. */
  addBase(step: StepLabel, id: string, digest: string | undefined): Promise<void> {
    return this.#add(step, id, Promise.resolve(digest === undefined ? { outcome: 'none' } : { outcome: 'base', digest }));
  }

  /** Resolves at once unless decisions are shown. @param outcome undefined for an instruction that runs nothing */
  addStep(step: StepLabel, id: string, place: StepPlace, outcome: Outcome<RootState> | undefined): Promise<void> {
    const { explainer, background } = this.options;
    if (outcome === undefined) return this.#add(step, id, Promise.resolve({ outcome: 'none' }));
    const decision = explainer.explain(place, outcome);
    background.add(decision.then(() => explainer.remember(place, outcome, background.whenAwaited)));
    return this.#add(step, id, decision);
  }

  /** A step that was not in the cache and has not come to its end. Never throws: the build fails for a reason of its own. */
  async addUnfinished(step: StepLabel, id: string, place: StepPlace, key: StepKey): Promise<void> {
    const { explainer, reporter, isShown } = this.options;
    const decision = explainer.explainMiss(place, key);
    this.#steps.push({ step, id, decision, unfinished: true });
    try {
      if (isShown) reporter.report({ kind: 'step-explained', step, id, decision: await decision });
    } catch {
      // What it stands on was not hashed before the build ended.
    }
  }

  async #add(step: StepLabel, id: string, decision: Promise<StepDecision>): Promise<void> {
    const { background, reporter, isShown } = this.options;
    this.#steps.push({ step, id, decision });
    background.add(decision);
    if (isShown) reporter.report({ kind: 'step-explained', step, id, decision: await decision });
  }

  /**
   * Keeps the log under the image. A build that found everything replaces no log: what ran when the image was made first is what one asks for.
   *
   * @param now RFC 3339; asked only for a log that is written
   */
  async write(imageId: string, now: () => string, store: Store): Promise<void> {
    const decisions = await Promise.all(this.#steps.map(({ decision }) => decision));
    const isAllFound = decisions.every(({ outcome }) => outcome !== 'miss');
    if (isAllFound && store.builds.touch(imageId, new Date())) return;
    const steps = await Promise.all(this.#steps.map(loggedStep));
    await store.builds.put({ imageId, builtAt: now(), steps: inOrder(steps) });
  }

  /** Keeps the log of a build that gives no image, as far as it came. */
  async writeUnfinished(outcome: 'failed' | 'cancelled', builtAt: string, store: Store): Promise<void> {
    const settled = await Promise.allSettled(this.#steps.map(loggedStep));
    const steps = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (steps.length > 0) await store.builds.putUnfinished({ outcome, builtAt, steps: inOrder(steps) });
  }
}

async function loggedStep({ step, id, decision, unfinished }: DecidedStep): Promise<LoggedStep> {
  const { stage, stageName, index, total, text } = step;
  return {
    stage,
    ...(stageName === undefined ? {} : { stageName }),
    index,
    total,
    text,
    id,
    decision: await decision,
    ...(unfinished === undefined ? {} : { unfinished }),
  };
}

function inOrder(steps: readonly LoggedStep[]): Record<string, unknown>[] {
  return [...steps].sort((a, b) => a.stage - b.stage || a.index - b.index).map((step) => ({ ...step }));
}
