import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_IMAGE } from './support/base-image.js';
import { Comparison } from './support/comparison.js';
import { runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { sideBySide } from './support/side-by-side.js';

const ROUNDS = 3;
const STAGES = 6;
const UNLIMITED = 'six stages of sleep 2, --jobs 0';
const BY_DEFAULT = 'six stages of sleep 2, by default';

/** Six stages that need nothing of each other, copied into a last one: what runs at the same time. */
export async function sixStages(): Promise<Result[]> {
  return sideBySide(async ({ disk, ours, buildah, buildkit }) => {
    const comparison = new Comparison();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [work, flags] of [[UNLIMITED, ['--jobs', '0']] as const, [BY_DEFAULT, []] as const]) {
        // A new salt makes every command new to the cache.
        const salt = `${process.pid}-${round}-${flags.length}`;
        const context = writeContext(join(disk, salt), salt);
        const args = ['bud', '--layers', '--network', 'host', '-t', 'w4', ...flags, context];
        comparison.add(work, 'tsbuild', await runOnce(ours.command(args)));
        comparison.add(work, 'buildah', await runOnce(buildah.command(args)));
        if (buildkit !== undefined) comparison.add(work, 'buildkit', await runOnce(buildkit.build(['-t', 'w4'], context)));
      }
    }
    return [...comparison.results(UNLIMITED, '< 2500 ms'), ...comparison.results(BY_DEFAULT, 'as many at once as there are processors')];
  });
}

function writeContext(directory: string, salt: string): string {
  mkdirSync(directory, { recursive: true });
  const stages = Array.from({ length: STAGES }, (_, at) => at);
  const lines = stages.flatMap((at) => [`FROM ${BASE_IMAGE} AS s${at}`, `RUN sleep 2; echo ${salt} > /f${at}`]);
  lines.push(`FROM ${BASE_IMAGE}`, ...stages.map((at) => `COPY --from=s${at} /f${at} /f${at}`));
  writeFileSync(join(directory, 'Containerfile'), `${lines.join('\n')}\n`);
  return directory;
}
