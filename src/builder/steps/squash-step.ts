import type { Step, StepKey } from '../scheduler/index.js';
import { commitWhole } from './commit-layers.js';
import { ConstantStep, EMPTY_ROOT } from './constant-step.js';
import { knownLayer } from './layer-state.js';
import { contentOf, type RootState, withLowers } from './root-state.js';
import { commonInputs, definitionOf } from './step-definition.js';
import type { Toolbox } from './toolbox.js';

/** Everything a root file system holds, its base included, as one layer on nothing (`--squash`). */
export class SquashStep implements Step<RootState> {
  readonly label = 'squash';
  readonly inputs: readonly Step<RootState>[];

  constructor(
    whole: Step<RootState>,
    readonly toolbox: Toolbox,
  ) {
    this.inputs = [new ConstantStep('nothing', EMPTY_ROOT), whole];
  }

  async key(inputs: readonly RootState[]): Promise<StepKey> {
    return { definition: definitionOf('squash', commonInputs(this.toolbox)), parentContent: () => contentOf(inputs[1]!) };
  }

  async run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const { toolbox } = this;
    const createdAt = toolbox.now();
    const layer = await withLowers(inputs[1]!, toolbox.snapshots, options, (lowers) => commitWhole(lowers, toolbox));
    if (toolbox.layerPerStep) await toolbox.cache.record(key, commonInputs(toolbox), { layer }, createdAt);
    return { layers: [knownLayer(layer)], addedLayer: true, createdAt };
  }
}
