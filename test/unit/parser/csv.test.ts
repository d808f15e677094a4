import * as assert from 'uvu/assert';
import { parseCsvLine } from '../../../src/parser/csv.js';
import { suite } from '../../support/suite.js';

suite('parseCsvLine()', (test) => {
  for (const [text, fields] of [
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b"', ['a"b']],
    ['"a"b', undefined],
    ['a"b', undefined],
    ['"a', undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(parseCsvLine(text), fields));
  }
});
