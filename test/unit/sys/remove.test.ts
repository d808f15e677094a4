import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { closeFd, type Fd, mkdirat, openat2, RESOLVE_BENEATH, removeTree } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

async function inDirectory(body: (fd: Fd, path: string) => unknown): Promise<void> {
  await withTempDir(async (directory) => {
    const fd = openSync(directory, constants.O_RDONLY);
    try {
      await body(fd, directory);
    } finally {
      closeSync(fd);
    }
  });
}

suite('sys removeTree()', (test) => {
  test('removes a tree and nothing a link in it points to', () =>
    inDirectory(async (fd, directory) => {
      mkdirSync(join(directory, 'kept'));
      writeFileSync(join(directory, 'kept/file'), 'kept');
      mkdirSync(join(directory, 'tree/a/b/c'), { recursive: true });
      for (const name of ['tree/f', 'tree/a/f', 'tree/a/b/c/f']) writeFileSync(join(directory, name), '');
      symlinkSync('../kept', join(directory, 'tree/link'));
      symlinkSync('../../kept/file', join(directory, 'tree/a/link'));
      await removeTree(fd, 'tree');
      assert.equal(readdirSync(directory), ['kept']);
      assert.is(readFileSync(join(directory, 'kept/file'), 'utf8'), 'kept');
    }));

  test('removes files, links and what is not there', () =>
    inDirectory(async (fd, directory) => {
      writeFileSync(join(directory, 'file'), '');
      symlinkSync('/', join(directory, 'link'));
      for (const name of ['file', 'link', 'none']) await removeTree(fd, name);
      assert.equal(readdirSync(directory), []);
    }));

  test('opens directories without permission bits', () =>
    inDirectory(async (fd, directory) => {
      mkdirSync(join(directory, 'work/work/deep'), { recursive: true });
      writeFileSync(join(directory, 'work/work/deep/file'), '');
      for (const name of ['work/work/deep', 'work/work', 'work']) chmodSync(join(directory, name), 0);
      await removeTree(fd, 'work');
      assert.is(existsSync(join(directory, 'work')), false);
    }));

  test('removes trees deeper than a path can be long', () =>
    inDirectory(async (fd, directory) => {
      mkdirSync(join(directory, 'deep'));
      let at = openat2(fd, 'deep', { flags: constants.O_RDONLY });
      for (let level = 0; level < 3000; level++) {
        mkdirat(at, 'directory', 0o700);
        const next = openat2(at, 'directory', { flags: constants.O_RDONLY, resolve: RESOLVE_BENEATH });
        closeFd(at);
        at = next;
      }
      closeFd(at);
      await removeTree(fd, 'deep');
      assert.equal(readdirSync(directory), []);
    }));

  test('takes one name only', () =>
    inDirectory(async (fd) => {
      for (const name of ['', '.', '..', 'a/b', '/']) await rejects(async () => removeTree(fd, name), { code: 'ERR_INVALID_ARG_TYPE' });
    }));

  test('does not enter mounts', () =>
    inDirectory(async (fd, directory) => {
      if (process.getuid?.() !== 0) skip('needs root to mount');
      mkdirSync(join(directory, 'tree/mounted'), { recursive: true });
      mkdirSync(join(directory, 'source'));
      writeFileSync(join(directory, 'source/file'), '');
      try {
        execFileSync('mount', ['--bind', join(directory, 'source'), join(directory, 'tree/mounted')], { stdio: 'pipe' });
      } catch {
        skip('this root may not mount');
      }
      try {
        const error: NodeJS.ErrnoException = await rejects(removeTree(fd, 'tree'), { code: 'EBUSY' });
        assert.is(error.path, 'tree/mounted');
      } finally {
        execFileSync('umount', [join(directory, 'tree/mounted')]);
      }
      assert.is(existsSync(join(directory, 'source/file')), true);
    }));

  test('names what cannot be removed, and removes the rest', () =>
    inDirectory(async (fd, directory) => {
      if (process.getuid?.() !== 0) skip('needs root to make a file immutable');
      mkdirSync(join(directory, 'tree/sub'), { recursive: true });
      for (const name of ['tree/a', 'tree/sub/fixed', 'tree/z']) writeFileSync(join(directory, name), '');
      try {
        execFileSync('chattr', ['+i', join(directory, 'tree/sub/fixed')], { stdio: 'pipe' });
      } catch {
        skip('this file system has no immutable files');
      }
      try {
        const error: NodeJS.ErrnoException = await rejects(removeTree(fd, 'tree'), { code: 'EPERM' });
        assert.is(error.path, 'tree/sub/fixed');
        assert.equal(readdirSync(join(directory, 'tree')), ['sub']);
      } finally {
        execFileSync('chattr', ['-i', join(directory, 'tree/sub/fixed')]);
      }
    }));
});
