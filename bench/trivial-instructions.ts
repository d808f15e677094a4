import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_IMAGE } from './support/base-image.js';
import { Comparison } from './support/comparison.js';
import { median, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { sideBySide } from './support/side-by-side.js';

const ROUNDS = 5;
/** Of each round's build: it takes some tens of milliseconds, so that one more or less says little. */
const CACHED_BUILDS = 4;
const RUNS = 10;

const COLD = '20 trivial instructions, cold';
const CACHED = '20 trivial instructions, cached';

/** Twenty instructions, ten of them `RUN true`: what an instruction costs by itself, cold and from the cache. */
export async function trivialInstructions(): Promise<Result[]> {
  return sideBySide(async ({ disk, ours, buildah, buildkit }) => {
    const comparison = new Comparison();
    const noRuns: number[] = [];
    const bareNode = { argv: [process.execPath, '-e', '0'], env: { NODE_EXTRA_CA_CERTS: undefined } };
    for (let round = 0; round < ROUNDS; round++) {
      // A new salt each round makes every instruction new to the cache.
      const context = writeContext(join(disk, `w${round}`), `${process.pid}-${round}`, RUNS);
      const without = writeContext(join(disk, `n${round}`), `${process.pid}-n${round}`, 0);
      const args = ['bud', '--layers', '--network', 'host', '-t', 'w1'];
      for (const work of [COLD, ...Array<string>(CACHED_BUILDS).fill(CACHED)]) {
        comparison.add(work, 'tsbuild', await runOnce(ours.command([...args, context])));
        comparison.add(work, 'buildah', await runOnce(buildah.command([...args, context])));
        if (buildkit !== undefined) comparison.add(work, 'buildkit', await runOnce(buildkit.build(['-t', 'w1'], context)));
        if (work === CACHED) comparison.add(CACHED, 'node -e 0', await runOnce(bareNode));
      }
      noRuns.push((await runOnce(ours.command([...args, without]))).wallMs);
    }
    const cold = comparison.results(COLD, '<= 500 ms; buildah <= 0.1');
    return [
      ...cold,
      ...comparison.results(CACHED, '<= 140 ms; buildkit <= 1, node <= 3'),
      ...comparison.results(CACHED, 'buildkit <= 1', 'cpu'),
      { work: 'one RUN true, commit included', unit: 'ms', ours: (cold[0]!.ours - median(noRuns)) / RUNS, goal: '<= 25 ms' },
    ];
  });
}

function writeContext(directory: string, salt: string, runs: number): string {
  mkdirSync(directory, { recursive: true });
  const lines = [`FROM ${BASE_IMAGE}`];
  for (let index = 0; index < 4; index++) lines.push(`ENV V${index}=${salt}-${index}`);
  for (let index = 0; index < 4; index++) lines.push(`LABEL l${index}=${salt}-${index}`);
  lines.push('COPY small.txt /small.txt');
  for (let index = 0; index < runs; index++) lines.push('RUN true');
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  writeFileSync(join(directory, 'small.txt'), `${salt}\n`);
  return directory;
}
