import type { Step, StepKey } from '../scheduler/index.js';
import type { RootState } from './root-state.js';

/** A step that is run whatever earlier builds gave: `--no-cache-filter`. Its outcome is recorded like any other. */
export class FreshStep implements Step<RootState> {
  readonly label: string;
  readonly inputs: readonly Step<RootState>[];

  constructor(readonly step: Step<RootState>) {
    this.label = step.label;
    this.inputs = step.inputs;
  }

  async key(inputs: readonly RootState[], options: { readonly signal: AbortSignal }): Promise<StepKey> {
    return { ...(await this.step.key(inputs, options)), fresh: true };
  }

  run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    return this.step.run(inputs, key, options);
  }
}
