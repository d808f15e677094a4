import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withRegistry } from '../support/registry.js';
import { addBusybox, idModeOf, project, run, runOk, withTestStore } from '../support/tsbuild.js';
import type { Flow } from './flow.js';
import { runFlow } from './run-flow.js';

const AT_ONCE = 2;

export interface OurOutcomes {
  readonly idMode: Awaited<ReturnType<typeof idModeOf>>;
  /** In the order of the flows. */
  readonly outcomes: readonly (readonly string[])[];
}

/** What tsbuild makes of each flow, each in a store of its own that holds busybox. */
export async function runOurs(flows: readonly Flow[]): Promise<OurOutcomes> {
  return withTestStore(async (seed) => {
    await addBusybox(seed);
    // Its layers are extracted once for all.
    const { stdout } = await seed.ok(['from', 'busybox']);
    await seed.ok(['run', stdout.trim(), 'true']);
    await seed.ok(['rm', stdout.trim()]);
    const outcomes: (readonly string[])[] = [];
    await withRegistry({}, async ({ host }) => {
      const one = async (flow: Flow, index: number): Promise<void> => {
        const directory = join(seed.directory, String(index));
        mkdirSync(directory);
        await runOk(['cp', '-a', seed.root, join(directory, 'root')]);
        const tsbuild = join(project, 'bin/tsbuild');
        const command = `${tsbuild} --root ${join(directory, 'root')} --runroot ${join(directory, 'run')}`;
        const isRoot = process.getuid?.() === 0;
        outcomes[index] = await runFlow(flow, { command, env: {}, start: run, isRoot }, { directory, registry: host });
        // Some of it may belong to other ids.
        const removed = await run(['rm', '-rf', directory]);
        if (removed.status !== 0) await seed.ok(['unshare', 'rm', '-rf', directory]);
      };
      const waiting = [...flows.entries()];
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await one(next[1], next[0]);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    });
    return { idMode: await idModeOf(seed), outcomes };
  });
}
