import type { Step, StepKey } from '../scheduler/index.js';
import type { RootState } from './root-state.js';

/** A step that tells of its own failure, before anything that waits for it does: for one that is begun before its turn. */
export class WatchedStep implements Step<RootState> {
  readonly label: string;
  readonly inputs: readonly Step<RootState>[];

  /** @param onFailure not called when the step is stopped because another one has failed */
  constructor(
    readonly step: Step<RootState>,
    readonly onFailure: (error: unknown) => void,
  ) {
    this.label = step.label;
    this.inputs = step.inputs;
  }

  key(inputs: readonly RootState[], options: { readonly signal: AbortSignal }): Promise<StepKey> {
    return this.#watch(options, () => this.step.key(inputs, options));
  }

  run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    return this.#watch(options, () => this.step.run(inputs, key, options));
  }

  async #watch<T>({ signal }: { readonly signal: AbortSignal }, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (!signal.aborted) this.onFailure(error);
      throw error;
    }
  }
}
