import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { contentDigest } from '../../../src/context/content-digest.js';
import { type IgnoreRules, rulesOf } from '../../../src/context/ignore-rules.js';
import { SourceTree } from '../../../src/context/source-tree.js';
import { setXattr } from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { makeTree } from '../../support/tree-lines.js';

const TREE = ['d 755 dir', 'f 644 dir/a A', 'f 644 dir/b B', 'd 755 dir/sub', 'l dir/link a', 'd 755 dir/empty'];

interface DigestCase {
  readonly owners?: boolean;
  readonly parents?: boolean;
  readonly contentsOnly?: boolean;
  readonly source?: string;
  readonly rules?: IgnoreRules;
}

async function digestOf(directory: string, options: DigestCase = {}): Promise<string> {
  const root = openSync(directory, 'r');
  try {
    const { owners = false, parents = false, contentsOnly = false, source = 'dir', rules } = options;
    const selected = await new SourceTree(root, { place: 'here', rules }).select([source], { parents });
    return await contentDigest(root, selected, { owners, contentsOnly });
  } finally {
    closeSync(root);
  }
}

function rewrite(path: string): void {
  const bytes = readFileSync(path);
  rmSync(path);
  writeFileSync(path, bytes, { mode: 0o644 });
}

function attribute(path: string, name: string, value: string): void {
  const fd = openSync(path, 'r');
  try {
    setXattr(fd, name, Buffer.from(value));
  } catch {
    skip('this file system has no user.* attributes');
  } finally {
    closeSync(fd);
  }
}

suite('context/content-digest', (test) => {
  for (const [title, change] of [
    ['other times', (dir) => utimesSync(join(dir, 'a'), 1, 1)],
    ['another time of a directory', (dir) => utimesSync(join(dir, 'sub'), 1, 1)],
    ['another inode', (dir) => rewrite(join(dir, 'a'))],
    ['a hard link to it elsewhere', (dir) => linkSync(join(dir, 'a'), join(dir, '../other'))],
    ['another file beside it', (dir) => writeFileSync(join(dir, '../other'), '')],
  ] as [string, (dir: string) => void][]) {
    test(`contentDigest() is the same after ${title}`, () =>
      withTempDir(async (directory) => {
        makeTree(directory, TREE);
        const before = await digestOf(directory);
        assert.match(before, /^sha256:[0-9a-f]{64}$/);
        change(join(directory, 'dir'));
        assert.is(await digestOf(directory), before);
      }));
  }

  for (const [title, change] of [
    ['content', (dir) => writeFileSync(join(dir, 'a'), 'X')],
    ['mode', (dir) => chmodSync(join(dir, 'a'), 0o755)],
    ['mode of a directory', (dir) => chmodSync(join(dir, 'sub'), 0o700)],
    ['a set-user-id bit', (dir) => chmodSync(join(dir, 'a'), 0o4644)],
    ['name', (dir) => renameSync(join(dir, 'a'), join(dir, 'c'))],
    [
      'contents swapped',
      (dir) => {
        writeFileSync(join(dir, 'a'), 'B');
        writeFileSync(join(dir, 'b'), 'A');
      },
    ],
    ['place', (dir) => renameSync(join(dir, 'a'), join(dir, 'sub/a'))],
    ['a new empty file', (dir) => writeFileSync(join(dir, 'c'), '')],
    ['a new empty directory', (dir) => mkdirSync(join(dir, 'c'))],
    [
      'link target',
      (dir) => {
        rmSync(join(dir, 'link'));
        symlinkSync('b', join(dir, 'link'));
      },
    ],
    [
      'a file in place of a link with the same text',
      (dir) => {
        rmSync(join(dir, 'link'));
        writeFileSync(join(dir, 'link'), 'a');
      },
    ],
    [
      'a fifo in place of an empty directory',
      (dir) => {
        rmSync(join(dir, 'empty'), { recursive: true });
        execFileSync('mkfifo', ['-m', '755', join(dir, 'empty')]);
      },
    ],
    ['an attribute of a file', (dir) => attribute(join(dir, 'a'), 'user.k', 'v')],
    ['an attribute of a directory', (dir) => attribute(join(dir, 'sub'), 'user.k', 'v')],
  ] as [string, (dir: string) => void][]) {
    test(`contentDigest() changes with ${title}`, () =>
      withTempDir(async (directory) => {
        makeTree(directory, TREE);
        const before = await digestOf(directory);
        change(join(directory, 'dir'));
        assert.is.not(await digestOf(directory), before);
      }));
  }

  test('contentDigest() of an attribute depends on name and value, and on nothing overlayfs writes', () =>
    withTempDir(async (directory) => {
      makeTree(directory, TREE);
      const file = join(directory, 'dir/a');
      const digests = new Set([await digestOf(directory)]);
      for (const [name, value] of [
        ['user.k', 'v'],
        ['user.k', 'w'],
        ['user.k2', ''],
      ] as const) {
        attribute(file, name, value);
        digests.add(await digestOf(directory));
      }
      assert.is(digests.size, 4);
      attribute(file, 'user.overlay.opaque', 'y');
      digests.add(await digestOf(directory));
      assert.is(digests.size, 4);
    }));

  test('contentDigest() does not depend on where the tree lies', () =>
    withTempDir(async (directory) => {
      for (const place of ['one', 'two/deeper']) {
        mkdirSync(join(directory, place), { recursive: true });
        makeTree(join(directory, place), TREE);
      }
      assert.is(await digestOf(join(directory, 'one')), await digestOf(join(directory, 'two/deeper')));
    }));

  test('contentDigest() looks at owners only if asked', () =>
    withTempDir(async (directory) => {
      if (process.getuid!() !== 0) skip('only root can give files away');
      makeTree(directory, TREE);
      const before = [await digestOf(directory), await digestOf(directory, { owners: true })];
      execFileSync('chown', ['7:8', join(directory, 'dir/a')]);
      assert.is(await digestOf(directory), before[0]);
      assert.is.not(await digestOf(directory, { owners: true }), before[1]);
    }));

  test('contentDigest() looks at the directories above only with --parents', () =>
    withTempDir(async (directory) => {
      makeTree(directory, TREE);
      const digests = async () => [
        await digestOf(directory, { source: 'dir/a' }),
        await digestOf(directory, { source: 'dir/a', parents: true }),
      ];
      const before = await digests();
      chmodSync(join(directory, 'dir'), 0o700);
      const after = await digests();
      assert.is(after[0], before[0]);
      assert.is.not(after[1], before[1]);
    }));

  test('contentDigest() looks at a named directory itself unless only its contents are taken', () =>
    withTempDir(async (directory) => {
      makeTree(directory, TREE);
      const digests = async () => [await digestOf(directory), await digestOf(directory, { contentsOnly: true })];
      const before = await digests();
      chmodSync(join(directory, 'dir'), 0o700);
      const after = await digests();
      assert.is.not(after[0], before[0]);
      assert.is(after[1], before[1]);
    }));

  test('contentDigest() is the same with rules that leave nothing out', () =>
    withTempDir(async (directory) => {
      // A name with a character below the slash sorts between a directory and what it holds.
      makeTree(directory, [...TREE, 'f 644 dir/sub-way x', 'f 644 dir/sub/file x']);
      assert.is(await digestOf(directory, { rules: rulesOf(['nothing'], '.dockerignore') }), await digestOf(directory));
    }));
});
