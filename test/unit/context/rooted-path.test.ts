import * as assert from 'uvu/assert';
import { cleanPath, joinParts, rootedParts, splitPath } from '../../../src/context/rooted-path.js';
import { suite } from '../../support/suite.js';

suite('context/rooted-path', (test) => {
  // The rows of https://pkg.go.dev/path#Clean
  for (const [path, expected] of [
    ['', '.'],
    ['.', '.'],
    ['/', '/'],
    ['a//b', 'a/b'],
    ['a/./b/', 'a/b'],
    ['a/../b', 'b'],
    ['a/..', '.'],
    ['../a', '../a'],
    ['../../a/..', '../..'],
    ['/../a', '/a'],
    ['/a/b/../..', '/'],
  ] as const) {
    test(`cleanPath() ${JSON.stringify(path)}`, () => assert.is(cleanPath(Buffer.from(path)).toString(), expected));
  }

  test('rootedParts() stops at the root', () => {
    assert.is(joinParts(rootedParts(Buffer.from('../../a/../../b/./c//'))).toString(), 'b/c');
    assert.equal(rootedParts(Buffer.from('../..')), []);
  });

  test('splitPath() keeps ..', () => assert.equal(splitPath(Buffer.from('/a/./../b')).map(String), ['a', '..', 'b']));
});
