import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type BuildCache, Scheduler } from '../../../../src/builder/scheduler/index.js';
import { type FakeResult, FakeStep, fakeCache } from '../../../support/fake-step.js';
import { suite } from '../../../support/suite.js';

suite('Scheduler', (test) => {
  test('evaluate() runs a shared input once', async () => {
    const base = new FakeStep('base');
    const left = new FakeStep('left', [base]);
    const right = new FakeStep('right', [base]);
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache() });
    await Promise.all([scheduler.evaluate(left), scheduler.evaluate(right), scheduler.evaluate(left)]);
    assert.equal([base.runs, left.runs, right.runs, left.keyAsked], [1, 1, 1, 1]);
  });

  test('evaluate() runs equal definitions on the same input once', async () => {
    const base = new FakeStep('base');
    const one = new FakeStep('one', [base], () => sleep(10), 'same');
    const two = new FakeStep('two', [base], () => sleep(10), 'same');
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache() });
    const [first, second] = await Promise.all([scheduler.evaluate(one), scheduler.evaluate(two)]);
    assert.is(one.runs + two.runs, 1);
    assert.is(first.value, second.value);
  });

  test('evaluate() runs equal definitions on different inputs each', async () => {
    const one = new FakeStep('one', [new FakeStep('a')], undefined, 'same');
    const two = new FakeStep('two', [new FakeStep('b')], undefined, 'same');
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache() });
    await Promise.all([scheduler.evaluate(one), scheduler.evaluate(two)]);
    assert.is(one.runs + two.runs, 2);
  });

  test('a step is claimed under a name that says what it stands on, and run when nobody made it meanwhile', async () => {
    const lineages = async (text: string): Promise<readonly string[]> => {
      const names: string[] = [];
      const cache = fakeCache();
      const claim: BuildCache<FakeResult>['claim'] = async (_key, lineage) => {
        names.push(lineage);
        return { waited: true, release() {} };
      };
      const step = new FakeStep('step', [new FakeStep(text)]);
      await new Scheduler({ jobs: 1, cache: { ...cache, claim } }).evaluate(step);
      assert.is(step.runs, 1);
      return names;
    };
    const [base, other, again] = [await lineages('base'), await lineages('other'), await lineages('base')];
    assert.equal(base, again);
    assert.is.not(base[1], other[1]);
  });

  test('what another build made while a step waited for it is a hit, and lets go', async () => {
    const records: Record<string, string> = {};
    let released = 0;
    const claim: BuildCache<FakeResult>['claim'] = async (key) => {
      if (key.definition !== 'step') return undefined;
      records['step base'] = 'made elsewhere';
      return { waited: true, release: () => released++ };
    };
    const step = new FakeStep('step', [new FakeStep('base')]);
    const scheduler = new Scheduler({ jobs: 0, cache: { ...fakeCache(records), claim } });
    const outcome = await scheduler.evaluate(step);
    assert.equal([outcome.value.name, outcome.cached, step.runs, released], ['made elsewhere', true, 0, 1]);
  });

  test('a step that fails lets go of its claim', async () => {
    let released = 0;
    const claim: BuildCache<FakeResult>['claim'] = async () => ({ waited: false, release: () => released++ });
    const step = new FakeStep('step', [], async () => {
      throw new Error('failed');
    });
    const failure = await new Scheduler({ jobs: 0, cache: { ...fakeCache(), claim } })
      .evaluate(step)
      .catch((error: Error) => error.message);
    assert.equal([failure, released], ['failed', 1]);
  });

  test('a hit runs nothing and is marked as cached', async () => {
    const base = new FakeStep('base');
    const step = new FakeStep('step', [base]);
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache({ 'step base': 'earlier' }) });
    const outcome = await scheduler.evaluate(step);
    assert.equal([outcome.value.name, outcome.cached, step.runs], ['earlier', true, 0]);
  });

  test('a step that is not run after its key is told so', async () => {
    const base = new FakeStep('base');
    const [hit, made, run, failing] = ['hit', 'made', 'run', 'failing'].map((name) => new FakeStep(name, [base])) as [
      FakeStep,
      FakeStep,
      FakeStep,
      FakeStep,
    ];
    const again = new FakeStep('again', [base], undefined, 'run');
    const records: Record<string, string> = { 'hit base': 'earlier' };
    const claim: BuildCache<FakeResult>['claim'] = async ({ definition }) => {
      if (definition === 'made') records['made base'] = 'made elsewhere';
      if (definition === 'failing') throw new Error('no claim');
      return { waited: definition === 'made', release() {} };
    };
    const scheduler = new Scheduler({ jobs: 0, cache: { ...fakeCache(records), claim } });
    await Promise.all([hit, made, run, again].map((step) => scheduler.evaluate(step)));
    assert.equal([base.unused, hit.unused, made.unused, run.unused + again.unused], [0, 1, 1, 1]);
    await scheduler.evaluate(failing).catch(() => {});
    assert.equal([failing.runs, failing.unused], [0, 1]);
  });

  test('the content of the parent is not asked when no record has the definition', async () => {
    const step = new FakeStep('step', [new FakeStep('base')]);
    await new Scheduler({ jobs: 0, cache: fakeCache({ 'other base': 'x' }) }).evaluate(step);
    assert.equal([step.contentAsked, step.runs], [0, 1]);
  });

  test('a parent rebuilt to the same content lets the next step hit', async () => {
    const parent = new FakeStep('base');
    const step = new FakeStep('step', [parent]);
    const outcome = await new Scheduler({ jobs: 0, cache: fakeCache({ 'step base': 'earlier' }) }).evaluate(step);
    assert.equal([parent.runs, step.runs, outcome.cached], [1, 0, true]);
  });

  for (const [jobs, most] of [
    [1, 1],
    [2, 2],
    [0, 5],
  ] as const) {
    test(`jobs ${jobs}: at most ${most} of five independent steps run at a time`, async () => {
      let running = 0;
      let peak = 0;
      const body = async (): Promise<void> => {
        peak = Math.max(peak, ++running);
        await sleep(20);
        running--;
      };
      const steps = Array.from({ length: 5 }, (_, index) => new FakeStep(`s${index}`, [], body));
      const scheduler = new Scheduler({ jobs, cache: fakeCache() });
      await Promise.all(steps.map((step) => scheduler.evaluate(step)));
      assert.is(peak, most);
    });
  }

  test('the first failure cancels what runs, and what waits never starts', async () => {
    const failing = new FakeStep('failing', [], async () => {
      throw new Error('boom');
    });
    let cancelled = false;
    const slow = new FakeStep('slow', [], (signal) =>
      sleep(10_000, undefined, { signal }).catch(() => {
        cancelled = true;
      }),
    );
    const after = new FakeStep('after', [slow]);
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache() });
    const results = await Promise.allSettled([scheduler.evaluate(after), scheduler.evaluate(failing)]);
    await scheduler.settled();
    assert.equal(
      results.map((result) => result.status),
      ['rejected', 'rejected'],
    );
    assert.equal([cancelled, after.runs], [true, 0]);
    assert.is((scheduler.signal.reason as Error).message, 'boom');
  });

  test('the caller’s signal stops the build', async () => {
    const controller = new AbortController();
    const slow = new FakeStep('slow', [], (signal) => sleep(10_000, undefined, { signal }));
    const scheduler = new Scheduler({ jobs: 0, cache: fakeCache(), signal: controller.signal });
    const evaluation = scheduler.evaluate(slow);
    setTimeout(() => controller.abort(new Error('stop')), 10);
    const [result] = await Promise.allSettled([evaluation]);
    assert.is(result.status, 'rejected');
  });
});
