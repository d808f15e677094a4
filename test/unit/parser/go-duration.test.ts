import * as assert from 'uvu/assert';
import { parseGoDuration } from '../../../src/parser/go-duration.js';
import { suite } from '../../support/suite.js';

suite('parseGoDuration()', (test) => {
  for (const [text, nanoseconds] of [
    ['0', 0],
    ['1ns', 1],
    ['2us', 2000],
    ['2µs', 2000],
    ['1.5ms', 1_500_000],
    ['30s', 30e9],
    ['1m30s', 90e9],
    ['1h2m3.5s', 3_723_500_000_000],
    ['-1s', -1e9],
    ['+.5s', 5e8],
    ['1.s', 1e9],
  ] as const) {
    test(text, () => assert.is(parseGoDuration(text), nanoseconds));
  }
  for (const [text, message] of [
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1m 2s', 'time: unknown unit "m " in duration "1m 2s"'],
  ] as const) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseGoDuration(text),
        (error: Error) => error.message === message,
      );
    });
  }
});
