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

  test('refuses what is no limit', () => {
    assert.throws(() => new JobLimit({ limit: -1 }), /whole number/);
  });
});
