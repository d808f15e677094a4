import * as assert from 'uvu/assert';
import { jsonProblem } from '../../src/json-problem.js';
import { suite } from '../support/suite.js';

suite('jsonProblem()', (test) => {
  for (const [text, problem] of [
    ['{"a":1,"b":{"a":2}}', undefined],
    ['[{"a":1},{"a":1}]', undefined],
    ['{"a":"a","b":["a","a"]}', undefined],
    ['{"a":1,"a":2}', 'the key "a" occurs twice in one object'],
    ['{"a":1,"\\u0061":2}', 'the key "a" occurs twice in one object'],
    ['[[[]]]', undefined],
    ['[[[[]]]]', 'it is nested more than 3 levels deep'],
    ['{"x":"[[[[","y":"\\"[[["}', undefined],
    ['"text"', undefined],
  ] as const)
    test(`of ${text}`, () => assert.is(jsonProblem(text, 3), problem));
});
