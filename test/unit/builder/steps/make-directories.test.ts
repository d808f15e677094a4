import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { isDirectory, makeDirectories } from '../../../../src/builder/steps/make-directories.js';
import { getXattr } from '../../../../src/sys/index.js';
import { rejects } from '../../../support/rejects.js';
import { skip, suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { linesOf, makeTree } from '../../../support/tree-lines.js';

interface Roots {
  readonly root: number;
  readonly inside: string;
  readonly outside: string;
}

async function withRoots(body: (roots: Roots) => Promise<void> | void): Promise<void> {
  await withTempDir(async (directory) => {
    const [inside, outside] = [join(directory, 'inside'), join(directory, 'outside')];
    mkdirSync(inside);
    mkdirSync(outside);
    makeTree(inside, ['d 700 here', 'f 644 file x', 'l link here', 'l dangling nowhere', 'l loop loop', 'l up ../../outside']);
    symlinkSync(outside, join(inside, 'escape'));
    const root = openSync(inside, 'r');
    try {
      await body({ root, inside, outside });
    } finally {
      closeSync(root);
    }
  });
}

const me = { uid: process.getuid!(), gid: process.getgid!() };

suite('builder/steps/make-directories', (test) => {
  test('makeDirectories() makes what is missing, 0755 whatever the umask, and leaves the rest', () =>
    withRoots(({ root, inside }) => {
      const before = process.umask(0o077);
      try {
        makeDirectories(root, ['/a/b/c', 'here/x', '/link/y', '/a/../a/z'], me);
      } finally {
        process.umask(before);
      }
      const made = linesOf(inside).filter((line) => line.startsWith('d '));
      assert.equal(made, ['d 755 a', 'd 755 a/b', 'd 755 a/b/c', 'd 755 a/z', 'd 700 here', 'd 755 here/x', 'd 755 here/y']);
    }));

  test('makeDirectories() takes names as bytes', () =>
    withRoots(({ root, inside }) => {
      makeDirectories(root, [Buffer.from([0x6e, 0xff, 0x2f, 0xfe])], me);
      assert.ok(linesOf(inside).includes('d 755 n\\xff/\\xfe'));
    }));

  for (const path of ['/escape/new', '/up/new', '/escape/../../outside/new']) {
    test(`makeDirectories() ${path} makes nothing outside (GHSA-q6r4-3wmg-fwcq)`, () =>
      withRoots(({ root, outside }) => {
        try {
          makeDirectories(root, [path], me);
        } catch {
          // It may be refused, as long as nothing happened.
        }
        assert.equal(readdirSync(outside), []);
      }));
  }

  for (const [path, problem] of [
    ['/file', 'it is there and is no directory'],
    ['/file/x', '"/file" is there and is no directory'],
    ['/link/../file/x/y', '"/file" is there and is no directory'],
    ['/loop', 'its links lead in a circle'],
    ['loop/x', 'its links lead in a circle'],
  ] as const) {
    test(`makeDirectories() ${path} says what is in the way`, () =>
      withRoots(async ({ root, inside }) => {
        const before = linesOf(inside);
        const error = await rejects(() => makeDirectories(root, [path], me), { code: 'PATH_ESCAPE' });
        assert.is(error.message, `Cannot write to "/${path.replace(/^\//, '')}" in the image: ${problem}`);
        assert.equal(linesOf(inside), before);
      }));
  }

  test('makeDirectories() follows a dangling link inside the root', () =>
    withRoots(({ root, inside }) => {
      makeDirectories(root, ['/dangling/x'], me);
      assert.ok(existsSync(join(inside, 'nowhere/x')));
    }));

  test('makeDirectories() gives the directories to their owner, or writes the owner down', () =>
    withRoots(({ root, inside }) => {
      makeDirectories(root, ['/mine'], { uid: 12, gid: 34 });
      const { uid, gid, mode } = statSync(join(inside, 'mine'));
      assert.is(mode & 0o7777, 0o755);
      if (process.getuid!() === 0) {
        assert.equal([uid, gid], [12, 34]);
        return;
      }
      const fd = openSync(join(inside, 'mine'), 'r');
      try {
        assert.is(getXattr(fd, 'user.containers.override_stat')?.toString(), '12:34:0755');
      } finally {
        closeSync(fd);
      }
    }));

  test('makeDirectories() takes no group from a set-group-id directory above', () =>
    withRoots(({ root, inside }) => {
      if (process.getuid!() !== 0) skip('only root can give the directory above another group');
      chownSync(join(inside, 'here'), 0, 77);
      chmodSync(join(inside, 'here'), 0o2755);
      makeDirectories(root, ['/here/new'], { uid: 0, gid: 0 });
      assert.equal([statSync(join(inside, 'here/new')).gid, statSync(join(inside, 'here/new')).mode & 0o7777], [0, 0o755]);
    }));

  for (const [path, expected] of [
    ['/', true],
    ['here', true],
    ['/link', true],
    ['file', false],
    ['file/x', false],
    ['nothing', false],
    ['dangling', false],
    ['loop', false],
    ['escape', false],
  ] as const) {
    test(`isDirectory() ${path}`, () => withRoots(({ root }) => assert.is(isDirectory(root, path), expected)));
  }

  test('makeDirectories() does nothing for the root', () =>
    withRoots(({ root, inside }) => {
      writeFileSync(join(inside, 'x'), '');
      const before = linesOf(inside);
      makeDirectories(root, ['/', ''], me);
      assert.equal(linesOf(inside), before);
    }));
});
