import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_IMAGE, writeBase } from './support/base-image.js';
import { Buildah } from './support/buildah.js';
import { withBuildKit } from './support/buildkit.js';
import { Comparison } from './support/comparison.js';
import { floorOf } from './support/floor.js';
import { type Command, runOnce } from './support/measure.js';
import type { Result } from './support/report.js';
import { writeSmallFiles } from './support/small-files.js';
import { withStoreDisk } from './support/store-disk.js';
import { Tsbuild } from './support/tsbuild.js';

const ROUNDS = 3;
const COLD = '50,000 files, cold';
const CACHED = '50,000 files, cached';
const FLOOR = 'cp -a + tar | zstd -3 -T0';
const CHANGED = '50,000 files, one changed';

type Build = (args: readonly string[], context: string) => Command;

/** A context of 50,000 small files and a RUN that touches 1,000 of them: into an empty store, again, and again after a change of one file. */
export async function largeContext(): Promise<Result[]> {
  return withStoreDisk(async (disk) => {
    const base = writeBase(join(disk, 'base'));
    const context = writeContext(join(disk, 'w2'));
    const comparison = new Comparison();
    const measure = async (tool: string, round: number, build: Build): Promise<void> => {
      await runOnce(build(['-q', '-t', BASE_IMAGE], base));
      // What the tool before this one wrote is not written back at the cost of this one.
      execFileSync('sync');
      comparison.add(COLD, tool, await runOnce(build(['-t', 'w2'], context)));
      comparison.add(CACHED, tool, await runOnce(build(['-t', 'w2'], context)));
      writeFileSync(join(context, 'tree/pkg400/lib/index.js'), `module.exports = '${tool} ${round}';\n`);
      comparison.add(CHANGED, tool, await runOnce(build(['-t', 'w2'], context)));
    };
    // A store for each round: a cold build is one into an empty store, and removing files would slow down what comes after.
    for (let round = 0; round < ROUNDS; round++) {
      execFileSync('sync');
      comparison.add(
        COLD,
        FLOOR,
        await floorOf([
          `cp -a '${context}/tree' '${disk}/copy-${round}'`,
          `tar -C '${context}' -c tree | zstd -3 -T0 -q > '${disk}/tar-${round}.zst'`,
        ]),
      );
      const ours = new Tsbuild(join(disk, `tsbuild-${round}`));
      await measure('tsbuild', round, (args, from) => ours.command(['bud', '--network', 'host', ...args, from]));
      await withBuildKit(join(disk, `buildkit-${round}`), async (buildkit) => {
        if (buildkit !== undefined) await measure('buildkit', round, (args, from) => buildkit.build(args, from));
      });
      const buildah = new Buildah(join(disk, `buildah-${round}`));
      await measure('buildah', round, (args, from) => buildah.command(['bud', '--layers', '--network', 'host', ...args, from]));
    }
    return [
      ...comparison.results(COLD, 'ratio well below 1; of cp and tar <= 1.6'),
      ...comparison.results(COLD, 'ratio well below 1', 'cpu'),
      ...comparison.results(CACHED, '< 500 ms'),
      ...comparison.results(CACHED, 'ratio well below 1', 'cpu'),
      ...comparison.results(CHANGED, '<= 3 s'),
      ...comparison.results(CHANGED, 'ratio well below 1', 'cpu'),
    ];
  });
}

/** The small files, and a RUN that touches 1,000 of them. */
function writeContext(directory: string): string {
  writeSmallFiles(join(directory, 'tree'));
  writeFileSync(join(directory, 'tree/pkg400/lib/index.js'), 'module.exports = undefined;\n');
  const touch = 'cd /app/tree && find . -type f -name "f*0.js" | head -n 1000 | xargs touch';
  writeFileSync(join(directory, 'Containerfile'), `FROM ${BASE_IMAGE}\nCOPY tree /app/tree\nRUN ${touch}\n`);
  execFileSync('sync');
  return directory;
}
