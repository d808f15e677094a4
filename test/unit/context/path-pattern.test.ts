import * as assert from 'uvu/assert';
import { codePointsOf } from '../../../src/context/name-bytes.js';
import { compilePattern } from '../../../src/context/path-pattern.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const points = (text: string) => codePointsOf(Buffer.from(text));

/** From the documentation of Go's filepath.Match and its rules: [pattern, name, matches, or bad pattern]. */
const COMPONENTS: readonly (readonly [string, string, boolean | 'bad'])[] = [
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*', '', true],
  ['*c', 'abc', true],
  ['a*', 'ab', true],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a☺b', true],
  ['a[^a]b', 'a☺b', true],
  ['a???b', 'a☺b', false],
  ['[a-ζ]*', 'α', true],
  ['*[a-ζ]', 'A', false],
  ['[\\]a]', ']', true],
  ['[\\-]', '-', true],
  ['[x\\-]', 'x', true],
  ['[\\-x]', '-', true],
  ['*x', 'xxx', true],
  ['**', 'ab', true],
  ['[]a]', 'a', 'bad'],
  ['[-]', '-', 'bad'],
  ['[x-]', 'x', 'bad'],
  ['[-x]', 'x', 'bad'],
  ['[a-b-c]', 'a', 'bad'],
  ['[', 'a', 'bad'],
  ['[^', 'a', 'bad'],
  ['[^bc', 'a', 'bad'],
  ['a[', 'ab', 'bad'],
  ['\\', 'a', 'bad'],
  ['[\\', 'a', 'bad'],
  [']', ']', true],
];

suite('context/path-pattern', (test) => {
  for (const [pattern, name, expected] of COMPONENTS) {
    test(`compilePattern() ${pattern} and ${JSON.stringify(name)}: ${expected}`, async () => {
      const compile = () => compilePattern(Buffer.from(pattern), 'component').matches(points(name));
      if (expected === 'bad') await rejects(compile, { code: 'CONTEXT_INVALID', message: /^Invalid pattern "/ });
      else assert.is(compile(), expected);
    });
  }

  test('matches() takes time that grows with the product of the lengths only', () => {
    const pattern = compilePattern(Buffer.from(`${'a*'.repeat(40)}b`), 'path');
    const deep = compilePattern(Buffer.from(`${'**/a/'.repeat(30)}b`), 'path');
    assert.is(pattern.matches(points('a'.repeat(2000))), false);
    assert.is(deep.matches(points('a/'.repeat(2000))), false);
  });

  for (const [pattern, directory, expected] of [
    ['a/b/c', 'a', true],
    ['a/b/c', 'a/b', true],
    ['a/b/c', 'a/b/c', false],
    ['a/b/c', 'ab', false],
    ['a*/c', 'abc', true],
    ['a*/c', 'b', false],
    ['**/c', 'x/y', true],
    ['**c', 'x/y', true],
    ['x/**', 'y', false],
    ['x/**', 'x/y', true],
  ] as const) {
    test(`mayMatchBelow() ${pattern} below ${directory}: ${expected}`, () =>
      assert.is(compilePattern(Buffer.from(pattern), 'path').mayMatchBelow(points(directory)), expected));
  }
});
