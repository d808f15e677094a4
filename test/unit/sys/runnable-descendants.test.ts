import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { countRunnableDescendants } from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';

/** Runs a script of sh while `body` runs; it has begun when it says so. */
async function withShell(script: string, body: () => Promise<void>): Promise<void> {
  const child = spawn('sh', ['-c', `${script} echo begun; wait`], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  try {
    await once(child.stdout, 'data');
    await body();
  } finally {
    const ended = once(child, 'exit');
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
  }
}

/** Asks until the answer is the expected one; a process needs a moment to fall asleep. */
async function becomes(expected: number, most: number): Promise<void> {
  for (;;) {
    if (countRunnableDescendants(process.pid, most) === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

suite('sys/runnable-descendants', (test) => {
  const demand = (): void => {
    if (!existsSync(`/proc/${process.pid}/task/${process.pid}/children`)) skip('this kernel does not list children');
  };

  test('sleeping descendants do not count', async () => {
    demand();
    await withShell('sleep 100 & (sleep 100; :) &', () => becomes(0, 10));
  });

  test('running ones do, at any depth, up to the most', async () => {
    demand();
    const spinning = '(while :; do :; done) &';
    await withShell(`${spinning} ( ${spinning} wait ) & sleep 100 &`, async () => {
      await becomes(2, 10);
      assert.is(countRunnableDescendants(process.pid, 1), 1);
    });
  });

  test('a process that is not there tells nothing', () => {
    assert.is(countRunnableDescendants(2 ** 30, 1), undefined);
  });
});
