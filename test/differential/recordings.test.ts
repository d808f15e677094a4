import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { withTempDir } from '../support/temp-dir.js';
import { run } from '../support/tsbuild.js';
import { buildTheirs } from './build-theirs.js';
import type { DifferentialCase } from './case.js';
import { GROUPS } from './groups.js';
import { type Recording, readRecordings } from './recordings.js';

const SAMPLE_SIZE = 20;
const RECORDED_WITH = '1.28.';

/** Every so many-th case; $TSBUILD_TEST_SEED chooses from which one on. */
function sample(): { readonly one: DifferentialCase; readonly recording: Recording }[] {
  const all = GROUPS.flatMap((group) => {
    const recordings = readRecordings(group);
    return group.cases.flatMap((one) => (recordings[one.title] === undefined ? [] : [{ one, recording: recordings[one.title]! }]));
  });
  const step = Math.floor(all.length / SAMPLE_SIZE);
  const seed = Number(process.env.TSBUILD_TEST_SEED ?? 20_779) % step;
  return all.filter((_, index) => index % step === seed);
}

async function needBuildah(): Promise<void> {
  if (process.getuid?.() !== 0) skip('recordings are of a Buildah that root runs');
  const version = await run(['buildah', '--version']).catch(() => undefined);
  if (version === undefined) skip('Buildah is not installed: apt-get install buildah');
  if (!version.stdout.includes(` ${RECORDED_WITH}`))
    skip(`the recordings are of Buildah ${RECORDED_WITH}x, this is ${version.stdout.trim()}`);
}

suite('differential/recordings', (test) => {
  test('Buildah still makes of a sample of the cases what was recorded', async () => {
    await needBuildah();
    const chosen = sample();
    await withTempDir(async (directory) => {
      const outcomes = await buildTheirs(
        chosen.map(({ one }) => one),
        directory,
      );
      chosen.forEach(({ one, recording }, index) => {
        const outcome = outcomes[index]!;
        // The words of its errors come in no fixed order.
        if ('error' in outcome && 'error' in recording.outcome) return;
        assert.equal(outcome, recording.outcome, one.title);
      });
    });
  });
});
