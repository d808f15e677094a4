// `npm run bench [NAME...]`: runs the benchmarks beside their peers and prints ratios. Results as JSON go to build/bench.json.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensurePackages, project, runMain } from './requirements.mjs';
import { setUp } from './setup.mjs';

await runMain(async () => {
  setUp();
  ensurePackages([
    ['buildah', 'buildah'],
    ['runc', 'runc'],
    ['e2fsprogs', 'mkfs.ext4'],
  ]);
  const { makeFixtures } = await import('./test-fixtures.mjs');
  await makeFixtures();
  const run = spawnSync(process.execPath, [join(project, 'build/js/bench/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
});
