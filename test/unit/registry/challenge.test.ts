import * as assert from 'uvu/assert';
import { parseChallenges } from '../../../src/registry/challenge.js';
import { suite } from '../../support/suite.js';

const cases: readonly [title: string, values: readonly string[], expected: readonly [string, Record<string, string>][]][] = [
  ['a scheme alone', ['Basic'], [['basic', {}]]],
  ['quoted values with commas', ['Bearer realm="https://a/t",service="x,y"'], [['bearer', { realm: 'https://a/t', service: 'x,y' }]]],
  ['escapes', ['Basic realm="a \\"b\\" \\\\c"'], [['basic', { realm: 'a "b" \\c' }]]],
  ['unquoted values and spaces', ['Bearer  realm=x , service = "y"'], [['bearer', { realm: 'x', service: 'y' }]]],
  [
    'two challenges in one value',
    ['Negotiate, Basic realm="r", Bearer realm="q"'],
    [
      ['negotiate', {}],
      ['basic', { realm: 'r' }],
      ['bearer', { realm: 'q' }],
    ],
  ],
  [
    'two values',
    ['Basic realm="r"', 'Bearer realm="q"'],
    [
      ['basic', { realm: 'r' }],
      ['bearer', { realm: 'q' }],
    ],
  ],
  ['names in any case', ['BEARER Realm="q"'], [['bearer', { realm: 'q' }]]],
  ['an unfinished quote ends the reading', ['Bearer service=s,realm="abc'], [['bearer', { service: 's' }]]],
  ['nothing', ['', '  ,, '], []],
  ['rubbish', ['"""', '=='], []],
];

suite('parseChallenges()', (test) => {
  for (const [title, values, expected] of cases) {
    test(title, () => {
      const found = parseChallenges(values).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
      assert.equal(found, expected);
    });
  }
  test('takes time in proportion to a long hostile value', () => {
    const started = Date.now();
    parseChallenges([`Bearer realm="${'\\'.repeat(100_000)}`, `Bearer ${'a,'.repeat(50_000)}`, `Bearer a="${'a'.repeat(100_000)}`]);
    assert.ok(Date.now() - started < 3000);
  });
});
