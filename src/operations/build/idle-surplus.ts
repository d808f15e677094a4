import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Surplus } from '../../builder/scheduler/index.js';
import { countRunnableDescendants } from '../../sys/index.js';

const LOOKS = 5;
const BETWEEN_LOOKS_MS = 10;
const MOST_PER_PROCESSOR = 8;
const MOST = 64;

export interface Machine {
  readonly processors: number;
  /** Threads of running commands that use a processor or wait for one, up to `most`; undefined: it cannot be told. */
  countRunnable(most: number): number | undefined;
  wait(milliseconds: number): Promise<void>;
}

const THIS_MACHINE: Machine = {
  // Asked when steps wait: node:os takes a quarter of a millisecond to load.
  get processors() {
    return availableParallelism();
  },
  countRunnable: (most) => countRunnableDescendants(process.pid, most),
  // The timer alone keeps no build alive.
  wait: (milliseconds) => sleep(milliseconds, undefined, { ref: false }),
};

/**
 * Lets steps use the processors that running ones leave alone. What counts is what the build's own commands do, not whether the machine is
 * idle: beside other work the build still takes the processors it would take with a strict limit, and a command that sleeps takes none.
 */
export function idleSurplus(machine: Machine = THIS_MACHINE): Surplus {
  return {
    get most() {
      return Math.min(MOST, MOST_PER_PROCESSOR * machine.processors);
    },
    async idleProcessors() {
      const { processors } = machine;
      let busy = 0;
      // Commands come and go: what was busy once in a while is busy.
      for (let look = 0; look < LOOKS; look++) {
        await machine.wait(BETWEEN_LOOKS_MS);
        if (busy < processors) busy = Math.max(busy, machine.countRunnable(processors) ?? processors);
      }
      return processors - busy;
    },
  };
}
