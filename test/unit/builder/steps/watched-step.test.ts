import * as assert from 'uvu/assert';
import { Scheduler, type Step } from '../../../../src/builder/scheduler/index.js';
import { EMPTY_ROOT, type RootState, WatchedStep } from '../../../../src/builder/steps/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

/** A step that is not in any cache and gives what `body` does. */
function stepOf(label: string, body: (signal: AbortSignal) => Promise<RootState>): Step<RootState> {
  return {
    label,
    inputs: [],
    key: async () => ({ definition: label, parentContent: async () => '' }),
    run: (_inputs, _key, { signal }) => body(signal),
  };
}

const scheduler = (): Scheduler<RootState> => new Scheduler<RootState>({ jobs: 2, cache: { find: async () => undefined } });

suite('WatchedStep', (test) => {
  test('tells of its own failure, of key and of run', async () => {
    const failure = new Error('broken');
    const fail = async (): Promise<never> => {
      throw failure;
    };
    for (const broken of [{ ...stepOf('x', async () => EMPTY_ROOT), key: fail }, stepOf('x', fail)]) {
      const told: unknown[] = [];
      await rejects(scheduler().evaluate(new WatchedStep(broken, (error) => told.push(error))), { message: /^broken$/ });
      assert.equal(told, [failure]);
    }
  });

  test('tells of none when another step has stopped it', async () => {
    const told: unknown[] = [];
    const waiting = stepOf(
      'waiting',
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const one = scheduler();
    const running = one.evaluate(new WatchedStep(waiting, (error) => told.push(error)));
    await new Promise((resolve) => setTimeout(resolve, 10));
    one.cancel(new Error('another'));
    await rejects(running, { message: /^another$/ });
    assert.equal(told, []);
  });
});
