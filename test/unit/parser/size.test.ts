import * as assert from 'uvu/assert';
import { parseSize } from '../../../src/parser/size.js';
import { suite } from '../../support/suite.js';

suite('parseSize()', (test) => {
  for (const [text, bytes] of [
    ['10', 10],
    ['10b', 10],
    ['1k', 1024],
    ['1KB', 1024],
    ['2MiB', 2_097_152],
    ['1.5g', 1_610_612_736],
    ['x', undefined],
    ['-1', undefined],
    ['', undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.is(parseSize(text), bytes));
  }
});
