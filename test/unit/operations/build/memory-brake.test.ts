import * as assert from 'uvu/assert';
import { memoryBrake } from '../../../../src/operations/build/memory-brake.js';
import type { ProgressEvent } from '../../../../src/progress.js';
import { suite } from '../../../support/suite.js';

const MIB = 1 << 20;

suite('operations/memory-brake', (test) => {
  for (const [availableMib, totalMib, expected] of [
    [2048, 64_000, true],
    [1000, 64_000, false],
    [500, 4000, true],
    [300, 4000, false],
  ] as const) {
    test(`${availableMib} of ${totalMib} MiB ${expected ? 'are enough' : 'are too little'}`, () => {
      const hasRoom = memoryBrake({ report() {} }, () => ({ availableBytes: availableMib * MIB, totalBytes: totalMib * MIB }));
      assert.is(hasRoom(), expected);
    });
  }

  test('says so once', () => {
    const events: ProgressEvent[] = [];
    const hasRoom = memoryBrake({ report: (event) => events.push(event) }, () => ({ availableBytes: 10 * MIB, totalBytes: 4000 * MIB }));
    hasRoom();
    hasRoom();
    assert.equal(events, [{ kind: 'note', text: 'Only 10 MiB of memory are left: steps wait until running ones have ended' }]);
  });
});
