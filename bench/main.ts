import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheLookup } from './cache-lookup.js';
import { largeContext } from './large-context.js';
import { largeRun } from './large-run.js';
import { layerSizes } from './layer-sizes.js';
import { oneRun } from './one-run.js';
import { parseInstructions } from './parse-instructions.js';
import { registryTransfer } from './registry-transfer.js';
import { sandboxLaunch } from './sandbox-launch.js';
import { singleId } from './single-id.js';
import { sixStages } from './six-stages.js';
import { startUp } from './start-up.js';
import { formatTable, type Result } from './support/report.js';
import { project } from './support/tsbuild.js';
import { trivialInstructions } from './trivial-instructions.js';
import { workingContainers } from './working-containers.js';

const BENCHMARKS: Readonly<Record<string, () => Promise<Result[]>>> = {
  'start-up': startUp,
  'trivial-instructions': trivialInstructions,
  'large-run': largeRun,
  'layer-sizes': layerSizes,
  'cache-lookup': cacheLookup,
  'six-stages': sixStages,
  'large-context': largeContext,
  'parse-instructions': parseInstructions,
  'registry-transfer': registryTransfer,
  'sandbox-launch': sandboxLaunch,
  'one-run': oneRun,
  'single-id': singleId,
  'working-containers': workingContainers,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) throw new Error(`Unknown benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`);

const results: Result[] = [];
for (const [name, run] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`${name} ...`);
  try {
    results.push(...(await run()));
  } catch (error) {
    // The figures of the others took minutes.
    console.error(error);
    process.exitCode = 1;
  }
}
console.log(formatTable(results));
mkdirSync(join(project, 'build'), { recursive: true });
writeFileSync(join(project, 'build/bench.json'), `${JSON.stringify(results, undefined, 2)}\n`);
