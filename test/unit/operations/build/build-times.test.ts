import * as assert from 'uvu/assert';
import { type BuildTimes, chooseTimes, type TimeOptions } from '../../../../src/operations/build/build-times.js';
import { suite } from '../../../support/suite.js';

const none: BuildTimes = { imageSeconds: undefined, forceSeconds: undefined, clampSeconds: undefined, argument: undefined };

suite('operations/build-times', (test) => {
  const rows: readonly (readonly [string, Partial<TimeOptions>, number | undefined, Partial<BuildTimes>])[] = [
    ['nothing said', {}, undefined, {}],
    ['--timestamp', { timestamp: 5 }, undefined, { imageSeconds: 5, forceSeconds: 5 }],
    ['--timestamp 0', { timestamp: 0 }, undefined, { imageSeconds: 0, forceSeconds: 0 }],
    ['--source-date-epoch', { sourceDateEpoch: 5 }, undefined, { imageSeconds: 5, argument: '5' }],
    [
      'with --rewrite-timestamp',
      { sourceDateEpoch: 5, rewriteTimestamp: true },
      undefined,
      { imageSeconds: 5, clampSeconds: 5, argument: '5' },
    ],
    ['--rewrite-timestamp alone', { rewriteTimestamp: true }, undefined, {}],
    ['the environment', { rewriteTimestamp: true }, 7, { imageSeconds: 7, clampSeconds: 7, argument: '7' }],
    ['the build argument before the environment', { buildArgs: { SOURCE_DATE_EPOCH: '6' } }, 7, { imageSeconds: 6, argument: '6' }],
    ['the flag before both', { sourceDateEpoch: 5, buildArgs: { SOURCE_DATE_EPOCH: '6' } }, 7, { imageSeconds: 5, argument: '6' }],
    ['an empty build argument', { buildArgs: { SOURCE_DATE_EPOCH: '' } }, undefined, { argument: '' }],
  ];
  for (const [title, options, environment, expected] of rows) {
    test(`chooseTimes(): ${title}`, () => {
      assert.equal(chooseTimes({ buildArgs: {}, ...options }, environment), { ...none, ...expected });
    });
  }

  test('chooseTimes() refuses two times, and says where the second comes from', () => {
    const timestamp = 1;
    assert.throws(() => chooseTimes({ timestamp, sourceDateEpoch: 1, buildArgs: {} }, undefined), /--timestamp and --source-date-epoch/);
    assert.throws(() => chooseTimes({ timestamp, buildArgs: {} }, 1), /the environment sets SOURCE_DATE_EPOCH/);
    assert.throws(() => chooseTimes({ timestamp, buildArgs: { SOURCE_DATE_EPOCH: '1' } }, undefined), /--build-arg sets SOURCE_DATE_EPOCH/);
  });

  test('chooseTimes() refuses a build argument that is no number', () => {
    assert.throws(() => chooseTimes({ buildArgs: { SOURCE_DATE_EPOCH: 'context' } }, undefined), /invalid SOURCE_DATE_EPOCH: context/);
  });
});
