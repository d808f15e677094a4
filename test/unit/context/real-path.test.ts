import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { resolveRealPath, resolveTargetPath } from '../../../src/context/real-path.js';
import { joinParts } from '../../../src/context/rooted-path.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** `root` beside `outside/secret`; both hold what the links could lead to. */
async function withRoot(body: (root: number) => void): Promise<void> {
  await withTempDir((directory) => {
    mkdirSync(join(directory, 'outside'));
    writeFileSync(join(directory, 'outside/secret'), 'secret');
    const root = join(directory, 'root');
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/f'), '');
    for (const [link, target] of [
      ['to-a', 'a'],
      ['to-abs', '/a/b'],
      ['a/up', '../a/b'],
      ['escape', '../outside'],
      ['escape-abs', join(directory, 'outside')],
      ['a/climb', '../../../../../a'],
      ['loop', 'loop'],
      ['loop1', 'loop2'],
      ['loop2', 'loop1'],
      ['dangling', 'nowhere/x'],
      ['proc', '/proc/self/root'],
      ['dot', '.'],
    ])
      symlinkSync(target!, join(root, link!));
    symlinkSync('a', join(root, 'chain0'));
    for (let link = 1; link <= 41; link++) symlinkSync(`chain${link - 1}`, join(root, `chain${link}`));
    const fd = openSync(root, 'r');
    try {
      body(fd);
    } finally {
      closeSync(fd);
    }
  });
}

suite('context/real-path', (test) => {
  for (const [path, expected] of [
    ['', ''],
    ['.', ''],
    ['/', ''],
    ['a/b/f', 'a/b/f'],
    ['to-a', 'a'],
    ['to-a/b/f', 'a/b/f'],
    ['to-abs/f', 'a/b/f'],
    ['a/up/f', 'a/b/f'],
    ['a/climb/b', 'a/b'],
    ['dot/dot/a', 'a'],
    ['../../a', 'a'],
    // After a link `..` is that of where it leads, as in the kernel.
    ['to-abs/../b', 'a/b'],
    ['chain39', 'a'],
    // A link out of the root is looked for inside it.
    ['escape', undefined],
    ['escape/secret', undefined],
    ['escape-abs/secret', undefined],
    ['proc', undefined],
    ['loop', undefined],
    ['loop1/x', undefined],
    ['chain41', undefined],
    ['dangling', undefined],
    ['nothing', undefined],
    ['a/b/f/x', undefined],
    ['x'.repeat(300), undefined],
  ] as const) {
    test(`resolveRealPath() ${JSON.stringify(path.slice(0, 30))}`, () =>
      withRoot((root) => {
        const found = resolveRealPath(root, Buffer.from(path));
        assert.is(found === undefined ? undefined : joinParts(found.parts).toString(), expected);
      }));
  }

  for (const [path, expected, exists] of [
    ['new/deep', 'new/deep', false],
    ['to-a/new', 'a/new', false],
    ['dangling', 'nowhere/x', false],
    ['dangling/y', 'nowhere/x/y', false],
    ['escape/new', 'outside/new', false],
    ['a/b', 'a/b', true],
    ['new/../a', 'a', true],
    ['/', '', true],
  ] as const) {
    test(`resolveTargetPath() ${path}`, () =>
      withRoot((root) => {
        const found = resolveTargetPath(root, Buffer.from(path));
        assert.is(joinParts(found!.parts).toString(), expected);
        assert.is(found!.stat !== undefined, exists);
      }));
  }

  test('resolveTargetPath() gives up on a loop', () =>
    withRoot((root) => assert.is(resolveTargetPath(root, Buffer.from('loop1/x')), undefined)));
});
