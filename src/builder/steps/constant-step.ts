import type { Step, StepKey } from '../scheduler/index.js';
import type { RootState } from './root-state.js';

/** A root file system that is there already: scratch, or a base image. */
export class ConstantStep implements Step<RootState> {
  readonly inputs: readonly Step<RootState>[] = [];

  constructor(
    readonly label: string,
    readonly root: RootState,
  ) {}

  async key(): Promise<StepKey> {
    // Each constant is a definition of its own: two are never one job, and neither is ever recorded.
    return { definition: `constant ${this.label}`, parentContent: async () => '' };
  }

  async run(): Promise<RootState> {
    return this.root;
  }
}

/** Scratch: no layers at all. */
export const EMPTY_ROOT: RootState = { layers: [], addedLayer: false };
