import * as assert from 'uvu/assert';
import { goTime } from '../../../../src/operations/image/go-time.js';
import { suite } from '../../../support/suite.js';

suite('goTime()', (test) => {
  for (const [text, expected] of [
    ['2026-01-02T03:04:05.940Z', '2026-01-02T03:04:05.94Z'],
    ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.001Z', '2026-01-02T03:04:05.001Z'],
    ['2026-01-02T03:04:50Z', '2026-01-02T03:04:50Z'],
    ['2026-01-02T03:04:05.120+02:00', '2026-01-02T03:04:05.12+02:00'],
    ['2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123456789Z'],
  ] as const) {
    test(text, () => assert.is(goTime(text), expected));
  }
});
