import { closeSync, openSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { expandWildcards, hasWildcards } from '../../../src/context/wildcards.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { makeTree } from '../../support/tree-lines.js';

const TREE = [
  'd 755 d1',
  'f 644 d1/a.txt x',
  'f 644 d1/b.md x',
  'd 755 d1/deep',
  'f 644 d1/deep/c.txt x',
  'd 755 d2',
  'f 644 d2/a.txt x',
  'f 644 top.txt x',
  'f 644 .hidden x',
  'f 644 a*b x',
  'f 644 axb x',
  'f 644 \\xff x',
  'l link d1',
  'l out ../..',
  'l loop loop',
];

suite('context/wildcards', (test) => {
  for (const [pattern, expected] of [
    ['*.txt', ['top.txt']],
    ['*/a.txt', ['d1/a.txt', 'd2/a.txt', 'link/a.txt']],
    ['d?/*.md', ['d1/b.md']],
    ['d[12]', ['d1', 'd2']],
    ['d1/*', ['d1/a.txt', 'd1/b.md', 'd1/deep']],
    ['d*/deep/c.txt', ['d1/deep/c.txt']],
    ['d1/**', ['d1', 'd1/a.txt', 'd1/b.md', 'd1/deep', 'd1/deep/c.txt']],
    ['d1/**/*.txt', ['d1/a.txt', 'd1/deep/c.txt']],
    ['link/*.md', ['link/b.md']],
    ['**/*.md', ['d1/b.md']],
    ['link/**/c.txt', ['link/deep/c.txt']],
    ['.h*', ['.hidden']],
    ['a\\*b', ['a*b']],
    ['/d2/../d1/*.md', ['d1/b.md']],
    ['../../*.txt', ['top.txt']],
    ['out/t*', ['out/top.txt']],
    ['loop/*', []],
    ['nothing*', []],
    ['top.txt/*', []],
  ] as const) {
    test(`expandWildcards() ${pattern}`, () =>
      withTempDir((directory) => {
        makeTree(directory, TREE);
        const root = openSync(directory, 'r');
        try {
          assert.equal(expandWildcards(root, Buffer.from(pattern)).map(String), expected);
        } finally {
          closeSync(root);
        }
      }));
  }

  test('expandWildcards() keeps the bytes of a name', () =>
    withTempDir(async (directory) => {
      makeTree(directory, TREE);
      const root = openSync(directory, 'r');
      try {
        const found = expandWildcards(root, Buffer.from('?'));
        assert.equal(found, [Buffer.from([0xff])]);
        assert.equal(expandWildcards(root, Buffer.from('*.txt'), { start: Buffer.from('d2') }).map(String), ['d2/a.txt']);
        await rejects(() => expandWildcards(root, Buffer.from('d[1')), { code: 'CONTEXT_INVALID' });
      } finally {
        closeSync(root);
      }
    }));

  test('expandWildcards() goes only into directories that are wanted', () =>
    withTempDir((directory) => {
      makeTree(directory, TREE);
      const root = openSync(directory, 'r');
      try {
        const asked: string[] = [];
        const enter = (below: Buffer) => asked.push(below.toString()) > 0 && below.toString() !== 'd1';
        assert.equal(expandWildcards(root, Buffer.from('**/*.txt'), { enter }).map(String), ['d2/a.txt', 'top.txt']);
        assert.equal(asked, ['d1', 'd2']);
      } finally {
        closeSync(root);
      }
    }));

  test('hasWildcards()', () => {
    for (const text of ['*', 'a?', '[a]', 'a\\b']) assert.is(hasWildcards(Buffer.from(text)), true, text);
    for (const text of ['a', 'a]b', 'ü', '{a,b}']) assert.is(hasWildcards(Buffer.from(text)), false, text);
  });
});
