import { join } from 'node:path';
import { BASE_IMAGE, writeBase } from './support/base-image.js';
import { Buildah } from './support/buildah.js';
import { Comparison } from './support/comparison.js';
import { type Command, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { withStoreDisk } from './support/store-disk.js';
import { Tsbuild } from './support/tsbuild.js';

const ROUNDS = 7;

const WHOLE = 'from + run true + commit + rm';
const RUN = 'run true in a container';
const CONFIG = 'config --env';

/** Scripts that call one verb after the other: what each costs by itself. */
export async function workingContainers(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const base = writeBase(join(disk, 'base'));
    const tools = { tsbuild: new Tsbuild(join(disk, 'tsbuild')), buildah: new Buildah(join(disk, 'buildah')) };
    const comparison = new Comparison();
    for (const tool of Object.values(tools)) {
      await runOnce(tool.command(['bud', '-q', '-t', BASE_IMAGE, base]));
      await runOnce(tool.command(['from', '-q', '--network', 'host', '--name', 'kept', BASE_IMAGE]));
      await runOnce(tool.command(['run', 'kept', 'true']));
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, tool] of Object.entries(tools)) {
        comparison.add(RUN, name, await runOnce(tool.command(['run', 'kept', 'true'])));
        comparison.add(CONFIG, name, await runOnce(tool.command(['config', '--env', `R=${round}`, 'kept'])));
        const work = `w${round}`;
        const whole = await inTurn([
          tool.command(['from', '-q', '--network', 'host', '--name', work, BASE_IMAGE]),
          tool.command(['run', work, 'true']),
          tool.command(['commit', '-q', work, work]),
          tool.command(['rm', work]),
        ]);
        comparison.add(WHOLE, name, whole);
      }
    }
    return [
      ...comparison.results(WHOLE, 'buildah <= 0.2'),
      ...comparison.results(RUN, 'buildah <= 0.17'),
      ...comparison.results(CONFIG, 'buildah <= 1'),
    ];
  });
}

async function inTurn(commands: readonly Command[]) {
  const total = { wallMs: 0, cpuMs: 0, peakKiB: 0 };
  for (const command of commands) {
    const { wallMs, cpuMs } = await runOnce(command);
    total.wallMs += wallMs;
    total.cpuMs += cpuMs;
  }
  return total;
}
