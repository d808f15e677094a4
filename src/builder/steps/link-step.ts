import type { Step, StepKey } from '../scheduler/index.js';
import type { RootState } from './root-state.js';

/**
 * COPY --link and ADD --link: lays the layer that a copy made on nothing on top of the parent. The copy waits for no parent, and is the same
 * whatever it is laid on.
 */
export class LinkStep implements Step<RootState> {
  readonly label: string;
  readonly inputs: readonly Step<RootState>[];

  /** @param copy gives the layer alone; its own parent is scratch */
  constructor(
    readonly parent: Step<RootState>,
    readonly copy: Step<RootState>,
  ) {
    this.label = copy.label;
    this.inputs = [parent, copy];
  }

  async key(): Promise<StepKey> {
    return { definition: 'link', parentContent: async () => '' };
  }

  async run(inputs: readonly RootState[]): Promise<RootState> {
    const [parent, copied] = inputs as [RootState, RootState];
    return { ...copied, layers: [...parent.layers, ...copied.layers] };
  }
}
