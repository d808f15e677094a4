import { Scheduler, type Step } from '../../src/builder/scheduler/index.js';
import type { RootState } from '../../src/builder/steps/index.js';

/** A step that is not in any cache and gives what `body` does. */
export function stepOf(label: string, body: (signal: AbortSignal) => Promise<RootState>): Step<RootState> {
  return {
    label,
    inputs: [],
    key: async () => ({ definition: label, parentContent: async () => '' }),
    run: (_inputs, _key, { signal }) => body(signal),
  };
}

/** For such steps: two at a time. */
export function plainScheduler(): Scheduler<RootState> {
  return new Scheduler<RootState>({ jobs: 2, cache: { find: async () => undefined } });
}
