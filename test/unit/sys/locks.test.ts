import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { flock, flockTry } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** Two independent descriptors of one file: they exclude each other as two processes would. */
async function twoOpens(body: (first: number, second: number) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const first = openSync(join(directory, 'lock'), 'a');
    const second = openSync(join(directory, 'lock'), 'a');
    try {
      await body(first, second);
    } finally {
      closeSync(first);
      closeSync(second);
    }
  });
}

suite('sys flock()', (test) => {
  test('shared locks go together, an exclusive one goes alone', () =>
    twoOpens(async (first, second) => {
      assert.is(flockTry(first, 'shared'), true);
      assert.is(flockTry(second, 'shared'), true);
      assert.is(flockTry(second, 'exclusive'), false);
      await rejects(() => flockTry(9999, 'shared'), { code: 'EBADF' });
    }));

  test('waits until the holder closes', () =>
    withTempDir(async (directory) => {
      const holder = openSync(join(directory, 'lock'), 'a');
      const waiter = openSync(join(directory, 'lock'), 'a');
      await flock(holder, 'exclusive');
      let got = false;
      const waiting = flock(waiter, 'exclusive').then(() => {
        got = true;
      });
      await sleep(30);
      assert.is(got, false);
      closeSync(holder);
      await waiting;
      assert.is(got, true);
      closeSync(waiter);
    }));

  test('gives up when aborted and holds nothing', () =>
    twoOpens(async (first, second) => {
      await flock(first, 'exclusive');
      const reason = new Error('enough');
      // Also at once, while the thread may not have reached its system call yet.
      for (const delay of [0, 0, 0, 0, 5, 20]) {
        const controller = new AbortController();
        const waiting = flock(second, 'shared', { signal: controller.signal });
        if (delay > 0) await sleep(delay);
        controller.abort(reason);
        assert.is(await rejects(waiting, {}), reason);
      }
      const third = flockTry(first, 'shared') && flockTry(second, 'shared');
      assert.is(third, true);
    }));

  test('is not started by a signal already aborted', () =>
    twoOpens(async (first) => {
      const reason = new Error('never mind');
      assert.is(await rejects(flock(first, 'shared', { signal: AbortSignal.abort(reason) }), {}), reason);
    }));

  test('leaves the thread pool free while many wait', () =>
    withTempDir(async (directory) => {
      const file = join(directory, 'lock');
      const holder = openSync(file, 'a');
      await flock(holder, 'exclusive');
      const waiters = Array.from({ length: 12 }, () => openSync(file, 'a'));
      const all = Promise.all(waiters.map((fd) => flock(fd, 'shared')));
      await stat(file);
      closeSync(holder);
      await all;
      for (const fd of waiters) closeSync(fd);
    }));
});
