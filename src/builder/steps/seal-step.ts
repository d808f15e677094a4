import type { Step, StepKey } from '../scheduler/index.js';
import type { RootState } from './root-state.js';
import type { Toolbox } from './toolbox.js';
import { sealOpen } from './write-step.js';

/** The end of a stage that makes one layer of everything: what is built on the stage sees the layer, never its open directory. */
export class SealStep implements Step<RootState> {
  readonly label = 'seal';
  readonly inputs: readonly Step<RootState>[];

  constructor(
    last: Step<RootState>,
    readonly toolbox: Toolbox,
  ) {
    this.inputs = [last];
  }

  async key(): Promise<StepKey> {
    return { definition: 'seal', parentContent: async () => '' };
  }

  async run(inputs: readonly RootState[], _key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    return sealOpen(inputs[0]!, this.toolbox, options);
  }
}
