import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';
import { run } from '../support/tsbuild.js';
import { readFlows } from './flow.js';
import { recordingOf } from './recordings.js';
import { runTheirs } from './theirs.js';

const SAMPLE_SIZE = 8;
const RECORDED_WITH = '1.28.';
/** From which flow on the sample is taken. */
const SEED = Number(process.env.TSBUILD_TEST_SEED ?? 20_779);

async function needBuildah(): Promise<void> {
  if (process.getuid?.() !== 0) skip('only root can run Buildah as each identity');
  const version = await run(['buildah', '--version']).catch(() => undefined);
  if (version === undefined) skip('Buildah is not installed: apt-get install buildah');
  if (!version.stdout.includes(` ${RECORDED_WITH}`))
    skip(`the recordings are of Buildah ${RECORDED_WITH}x, this is ${version.stdout.trim()}`);
}

suite('flows/recordings', (test) => {
  for (const as of ['root', 'user'] as const) {
    test(`Buildah still does in a sample of the flows what was recorded, as ${as}`, async () => {
      await needBuildah();
      const flows = readFlows().filter(({ only }) => only === undefined || only === as);
      // Every so many-th.
      const step = Math.max(1, Math.floor(flows.length / SAMPLE_SIZE));
      const chosen = flows.filter((_, index) => index % step === SEED % step);
      await withTempDir(async (directory) => {
        chmodSync(directory, 0o755);
        const outcomes = await runTheirs(chosen, as, join(directory, as));
        chosen.forEach((flow, index) => {
          const recording = recordingOf(flow);
          assert.equal(outcomes[index], (as === 'user' ? recording?.user : undefined) ?? recording?.root, flow.name);
        });
      });
    });
  }
});
