import * as assert from 'uvu/assert';
import { EMPTY_ROOT, WatchedStep } from '../../../../src/builder/steps/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';
import { plainScheduler, stepOf } from '../../../support/uncached-step.js';

suite('WatchedStep', (test) => {
  test('tells of its own failure, of key and of run', async () => {
    const failure = new Error('broken');
    const fail = async (): Promise<never> => {
      throw failure;
    };
    for (const broken of [{ ...stepOf('x', async () => EMPTY_ROOT), key: fail }, stepOf('x', fail)]) {
      const told: unknown[] = [];
      await rejects(plainScheduler().evaluate(new WatchedStep(broken, (error) => told.push(error))), { message: /^broken$/ });
      assert.equal(told, [failure]);
    }
  });

  test('tells of none when another step has stopped it', async () => {
    const told: unknown[] = [];
    const waiting = stepOf(
      'waiting',
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const one = plainScheduler();
    const running = one.evaluate(new WatchedStep(waiting, (error) => told.push(error)));
    await new Promise((resolve) => setTimeout(resolve, 10));
    one.cancel(new Error('another'));
    await rejects(running, { message: /^another$/ });
    assert.equal(told, []);
  });
});
