import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { writeBackDuring } from '../../../src/store/write-back.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const MIB = 2 ** 20;

suite('store/write-back', (test) => {
  /** The figures in turn, the last one for ever; `ends` resolves when so many were asked for. */
  function figures(...values: number[]) {
    const asked = { times: 0 };
    let end = (): void => {};
    const ends = new Promise<string>((resolve) => {
      end = () => resolve('done');
    });
    const dirty = (): number => {
      asked.times++;
      if (asked.times >= values.length) end();
      return values[Math.min(asked.times, values.length) - 1]!;
    };
    return { asked, ends, dirty };
  }

  test('writeBackDuring() syncs while the work goes on, and gives its result', () =>
    withTempDir(async (directory) => {
      // Each sync asks once more: before, after, and so on.
      const { asked, ends, dirty } = figures(100 * MIB, 0, 100 * MIB, 0);
      assert.is(await writeBackDuring(directory, ends, dirty), 'done');
      assert.is(asked.times, 4);
    }));

  test('writeBackDuring() leaves little alone, and what other disks have not taken', async () => {
    // A sync would fail.
    const nowhere = '/nonexistent/directory';
    const little = figures(MIB, 2 * MIB, 31 * MIB);
    assert.is(await writeBackDuring(nowhere, little.ends, little.dirty), 'done');
    await withTempDir(async (directory) => {
      const { asked, ends, dirty } = figures(500 * MIB, 490 * MIB, 500 * MIB, 521 * MIB);
      assert.is(await writeBackDuring(directory, ends, dirty), 'done');
      // One sync: its two figures, then two that were let pass.
      assert.is(asked.times, 4);
    });
  });

  test('writeBackDuring() waits for the work when the disk fails, and then fails', async () => {
    let ended = false;
    const work = new Promise<void>((resolve) => {
      setTimeout(() => {
        ended = true;
        resolve();
      }, 100);
    });
    await rejects(
      writeBackDuring(join('/nonexistent', 'directory'), work, () => 100 * MIB),
      { code: 'ENOENT' },
    );
    assert.ok(ended);
  });

  test('writeBackDuring() tells what the work failed of rather than what the disk did', async () => {
    const failure = new Error('the work failed');
    const work = Promise.reject(failure);
    assert.is(
      await rejects(
        writeBackDuring('/nonexistent/directory', work, () => 100 * MIB),
        {},
      ),
      failure,
    );
  });
});
