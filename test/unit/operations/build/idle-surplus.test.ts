import * as assert from 'uvu/assert';
import { idleSurplus } from '../../../../src/operations/build/idle-surplus.js';
import { suite } from '../../../support/suite.js';

function machine(processors: number, counts: readonly (number | undefined)[]) {
  const waits: number[] = [];
  const left = [...counts];
  return { processors, countRunnable: () => left.shift(), wait: async (ms: number) => void waits.push(ms), waits };
}

suite('operations/idle-surplus', (test) => {
  for (const [processors, counts, expected] of [
    [2, [0, 0, 0, 0, 0], 2],
    [2, [0, 0, 1, 0, 0], 1],
    [2, [2], 0],
    [2, [undefined], 0],
    [16, [3, 5, 1, 0, 4], 11],
  ] as const) {
    test(`${counts} runnable threads leave ${expected} of ${processors} processors`, async () => {
      const one = machine(processors, counts);
      assert.is(await idleSurplus(one).idleProcessors(), expected);
      assert.equal(one.waits, [10, 10, 10, 10, 10]);
    });
  }

  test('the most is eight for each processor, and 64', () => {
    assert.equal(
      [1, 2, 8, 9, 128].map((processors) => idleSurplus(machine(processors, [])).most),
      [8, 16, 64, 64, 64],
    );
  });
});
