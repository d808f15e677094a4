import { lstatSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type LayerTimes, settleTimes } from '../../../../src/builder/steps/layer-times.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const EARLY = 1000;
const LATE = 2000.5;

/** An early and a late file, a late link to nothing, in a late directory; their times in seconds after `settleTimes`. */
function settled(times: LayerTimes): Promise<Readonly<Record<string, number>>> {
  return withTempDir(async (upper) => {
    mkdirSync(join(upper, 'late'));
    writeFileSync(join(upper, 'late/early'), '');
    writeFileSync(join(upper, 'late/file'), '');
    symlinkSync('/nowhere', join(upper, 'late/link'));
    utimesSync(join(upper, 'late/early'), EARLY, EARLY);
    utimesSync(join(upper, 'late/file'), LATE, LATE);
    lutimesSync(join(upper, 'late/link'), LATE, LATE);
    utimesSync(join(upper, 'late'), LATE, LATE);
    utimesSync(upper, LATE, LATE);
    await settleTimes(upper, times);
    const names = ['', 'late', 'late/early', 'late/file', 'late/link'];
    return Object.fromEntries(names.map((name) => [name, lstatSync(join(upper, name)).mtimeMs / 1000]));
  });
}

suite('builder/steps/layer-times', (test) => {
  const rows: readonly (readonly [string, LayerTimes, readonly number[]])[] = [
    ['nothing asked', {}, [LATE, LATE, EARLY, LATE, LATE]],
    ['no later than', { clampSeconds: 1500 }, [1500, 1500, EARLY, 1500, 1500]],
    ['half a second late is late', { clampSeconds: 2000 }, [2000, 2000, EARLY, 2000, 2000]],
    ['one time for all', { forceSeconds: 0 }, [0, 0, 0, 0, 0]],
  ];
  for (const [title, times, expected] of rows) {
    test(`settleTimes(): ${title}`, async () => {
      assert.equal(Object.values(await settled(times)), expected);
    });
  }
});
