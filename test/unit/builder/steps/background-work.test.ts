import * as assert from 'uvu/assert';
import { BackgroundWork } from '../../../../src/builder/steps/background-work.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

suite('builder/steps/background-work', (test) => {
  test('done() waits for everything, also what is added meanwhile', async () => {
    const work = new BackgroundWork(() => assert.unreachable());
    const ended: string[] = [];
    work.add(
      Promise.resolve().then(() => {
        ended.push('first');
        work.add(Promise.resolve().then(() => ended.push('second')));
      }),
    );
    await work.done();
    assert.equal(ended, ['first', 'second']);
  });

  test('done() throws the first failure after the rest has ended; settled() never throws', async () => {
    const failures: unknown[] = [];
    const work = new BackgroundWork((error) => failures.push(error));
    let ended = false;
    work.add(Promise.reject(new Error('one')));
    work.add(Promise.reject(new Error('two')));
    work.add(
      Promise.resolve().then(() => {
        ended = true;
      }),
    );
    await rejects(work.done(), { message: /^one$/ });
    assert.is(ended, true);
    assert.is(failures.length, 2);
    await work.settled();
  });

  test('whenAwaited resolves once somebody waits for the rest', async () => {
    for (const wait of ['done', 'settled'] as const) {
      const work = new BackgroundWork(() => assert.unreachable());
      let awaited = false;
      const late = work.whenAwaited.then(() => {
        awaited = true;
      });
      work.add(late);
      await new Promise((resolve) => setImmediate(resolve));
      assert.is(awaited, false);
      await work[wait]();
      assert.is(awaited, true);
    }
  });
});
