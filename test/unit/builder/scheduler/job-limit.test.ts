import * as assert from 'uvu/assert';
import { JobLimit, type JobLimitOptions } from '../../../../src/builder/scheduler/job-limit.js';
import { suite } from '../../../support/suite.js';

/** Starts `count` bodies that end when they are told to, and notes the order of their starts. */
function bodies(options: JobLimitOptions, count: number) {
  const limit = new JobLimit(options);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: count }, (_, at) =>
    limit.run(async () => {
      started.push(at);
      await new Promise<void>((end) => {
        ends[at] = end;
      });
    }),
  );
  const end = async (at: number): Promise<void> => {
    ends[at]?.();
    await all[at];
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { started, end };
}

suite('builder/scheduler/job-limit', (test) => {
  test('starts no more than the limit, in the order they came', async () => {
    const { started, end } = bodies({ limit: 2 }, 4);
    assert.equal(started, [0, 1]);
    await end(1);
    assert.equal(started, [0, 1, 2]);
    await end(0);
    assert.equal(started, [0, 1, 2, 3]);
  });

  test('a limit that is a function is asked when a second one comes', () => {
    let asked = 0;
    const limit = () => {
      asked++;
      return 2;
    };
    assert.equal([bodies({ limit }, 1).started, asked], [[0], 0]);
    assert.equal(bodies({ limit }, 3).started, [0, 1]);
  });

  test('0 is no limit', () => {
    assert.equal(bodies({ limit: 0 }, 5).started, [0, 1, 2, 3, 4]);
  });

  test('without room one runs at a time', async () => {
    let hasRoom = false;
    const { started, end } = bodies({ limit: 0, hasRoom: () => hasRoom }, 4);
    assert.equal(started, [0]);
    await end(0);
    assert.equal(started, [0, 1]);
    hasRoom = true;
    await end(1);
    assert.equal(started, [0, 1, 2, 3]);
  });

  test('with a surplus those that wait start one for each idle processor, after each look', async () => {
    const looks: ((idle: number) => void)[] = [];
    const surplus = { most: 5, idleProcessors: () => new Promise<number>((tell) => looks.push(tell)) };
    const { started, end } = bodies({ limit: 1, surplus }, 8);
    const look = async (idle: number): Promise<void> => {
      looks.shift()!(idle);
      await new Promise((resolve) => setImmediate(resolve));
    };
    assert.equal(started, [0]);
    await look(2);
    assert.equal(started, [0, 1, 2]);
    await look(0);
    assert.equal(started, [0, 1, 2]);
    await look(7);
    assert.equal(started, [0, 1, 2, 3, 4]);
    // As many as may run do: nobody looks any more, and an end makes no room within the limit.
    assert.is(looks.length, 0);
    await end(1);
    assert.equal([started.length, looks.length], [5, 1]);
    await look(1);
    assert.equal(started, [0, 1, 2, 3, 4, 5]);
    for (const at of [0, 2, 3, 4, 5]) await end(at);
    assert.equal(started, [0, 1, 2, 3, 4, 5, 6]);
  });

  test('the surplus needs room too, and is not asked for while nobody waits', async () => {
    let looks = 0;
    const surplus = { most: 9, idleProcessors: async () => (++looks > 3 ? new Promise<number>(() => {}) : 1) };
    const { started } = bodies({ limit: 1, surplus, hasRoom: () => false }, 3);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal([started, looks], [[0], 4]);
    looks = 0;
    bodies({ limit: 2, surplus }, 2);
    assert.is(looks, 0);
  });

  test('refuses what is no limit', () => {
    assert.throws(() => new JobLimit({ limit: -1 }), /whole number/);
  });
});
