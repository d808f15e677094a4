import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sys from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const { O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY, S_IFIFO, S_IFCHR, S_IFMT } = constants;
const inFirstNamespace = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const NOT_UTF8 = Buffer.from([0x66, 0xff, 0xfe, 0x0a]);

/** A directory with `root/` inside it, opened; what lies beside `root/` must stay out of reach. */
async function inRoot(body: (root: sys.Fd, path: string) => unknown): Promise<void> {
  await withTempDir(async (directory) => {
    const path = join(directory, 'root');
    mkdirSync(path);
    writeFileSync(join(directory, 'outside'), 'outside');
    const root = openSync(path, O_RDONLY | O_DIRECTORY);
    try {
      await body(root, path);
    } finally {
      closeSync(root);
    }
  });
}

suite('sys openat2()', (test) => {
  for (const [title, path] of [
    ['dots', '../../../outside'],
    ['an absolute path', '/outside'],
    ['a relative link', 'up/outside'],
    ['an absolute link', 'top/outside'],
  ] as const) {
    test(`cannot leave the root by ${title}`, () =>
      inRoot(async (root, directory) => {
        symlinkSync('..', join(directory, 'up'));
        symlinkSync(join(directory, '..'), join(directory, 'top'));
        const error = await rejects(() => sys.openat2(root, path, { flags: O_RDONLY }), { code: 'ENOENT' });
        assert.is((error as NodeJS.ErrnoException).path, path);
        assert.is((error as NodeJS.ErrnoException).syscall, 'openat2');
        assert.is((error as NodeJS.ErrnoException).errno, -2);
      }));
  }

  test('creates through a link to / inside the root', () =>
    inRoot((root, directory) => {
      mkdirSync(join(directory, 'etc'));
      symlinkSync('/etc', join(directory, 'a'));
      const fd = sys.openat2(root, 'a/x', { flags: O_WRONLY | O_CREAT, mode: 0o640 });
      sys.closeFd(fd);
      assert.is(statSync(join(directory, 'etc/x')).mode & 0o777, 0o640 & ~process.umask());
    }));

  test('gives descriptors that close at exec', () =>
    inRoot((root) => {
      const fd = sys.openat2(root, '.', { flags: O_RDONLY });
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      sys.closeFd(fd);
      assert.is(Number.parseInt(flags ?? '0', 8) & 0o2000000, 0o2000000); // O_CLOEXEC, asm-generic/fcntl.h
    }));

  test('takes resolve flags', () =>
    inRoot(async (root, directory) => {
      symlinkSync('.', join(directory, 'link'));
      await rejects(() => sys.openat2(root, 'link', { flags: O_RDONLY, resolve: sys.RESOLVE_NO_SYMLINKS }), { code: 'ELOOP' });
      await rejects(() => sys.openat2(root, '..', { flags: O_RDONLY, resolve: sys.RESOLVE_BENEATH }), { code: 'EXDEV' });
    }));

  test('refuses a NUL byte and wrong kinds of argument', () =>
    inRoot(async (root) => {
      await rejects(() => sys.openat2(root, 'a\0b', { flags: 0 }), { code: 'ERR_INVALID_ARG_TYPE' });
      await rejects(() => sys.openat2(root, 7 as unknown as string, { flags: 0 }), { code: 'ERR_INVALID_ARG_TYPE' });
      await rejects(() => sys.openat2(1.5, 'a', { flags: 0 }), { code: 'ERR_INVALID_ARG_TYPE' });
      await rejects(() => sys.closeFd(-1), { code: 'ERR_INVALID_ARG_TYPE' });
    }));
});

suite('sys calls relative to a directory', (test) => {
  test('names need not be UTF-8', () =>
    inRoot((root) => {
      sys.mkdirat(root, NOT_UTF8, 0o700);
      sys.symlinkat(NOT_UTF8, root, 'link');
      assert.equal(sys.readlinkat(root, 'link'), NOT_UTF8);
      sys.renameat(root, NOT_UTF8, root, 'plain');
      assert.equal(
        [...sys.readDirectory(root)].map((entry) => entry.path.toString()),
        ['link', 'plain'],
      );
      sys.unlinkat(root, 'plain', sys.AT_REMOVEDIR);
      sys.unlinkat(root, 'link');
      assert.is(sys.readDirectory(root).length, 0);
    }));

  test('statat() tells type, size, times and links', () =>
    inRoot((root, directory) => {
      writeFileSync(join(directory, 'file'), 'hello');
      sys.linkat(root, 'file', root, 'again');
      sys.utimensat(root, 'file', null, 1_700_000_000_123_456_789n);
      const stat = sys.statat(root, 'again');
      const expected = lstatSync(join(directory, 'file'), { bigint: true });
      assert.is(stat.mtimeNs, 1_700_000_000_123_456_789n);
      assert.is(stat.ctimeNs, expected.ctimeNs);
      assert.is(stat.size, 5);
      assert.is(stat.nlink, 2);
      assert.is(stat.mode, Number(expected.mode));
      assert.is(stat.dev, Number(expected.dev));
      assert.is(stat.ino, Number(expected.ino));
      assert.is(stat.uid, process.getuid?.());
      assert.is(sys.statat(root, '', sys.AT_EMPTY_PATH).ino, statSync(directory).ino);
    }));

  test('utimensat() takes times before 1970 and links themselves', () =>
    inRoot((root, directory) => {
      symlinkSync('nowhere', join(directory, 'link'));
      sys.utimensat(root, 'link', 0n, -1n);
      assert.is(sys.statat(root, 'link').mtimeNs, -1n);
    }));

  test('fchmodat() does not follow a link', () =>
    inRoot(async (root, directory) => {
      symlinkSync('../outside', join(directory, 'link'));
      const before = statSync(join(directory, '../outside')).mode;
      await rejects(() => sys.fchmodat(root, 'link', 0o777), { code: 'EOPNOTSUPP' });
      assert.is(statSync(join(directory, '../outside')).mode, before);
    }));

  test('fchmodat() takes a path descriptor', () =>
    inRoot((root, directory) => {
      writeFileSync(join(directory, 'file'), '');
      const fd = sys.openat2(root, 'file', { flags: sys.O_PATH });
      sys.fchmodat(fd, '', 0o4711);
      sys.closeFd(fd);
      assert.is(statSync(join(directory, 'file')).mode & 0o7777, 0o4711);
    }));

  test('mknodat() makes fifos and the whiteout device', () =>
    inRoot((root) => {
      sys.mknodat(root, 'fifo', S_IFIFO | 0o600);
      sys.mknodat(root, 'whiteout', S_IFCHR);
      assert.is(sys.statat(root, 'fifo').mode & S_IFMT, S_IFIFO);
      const whiteout = sys.statat(root, 'whiteout');
      assert.is(whiteout.mode & S_IFMT, S_IFCHR);
      assert.equal([whiteout.rdevMajor, whiteout.rdevMinor], [0, 0]);
    }));

  test('mknodat() and fchownat() as root', () =>
    inRoot((root) => {
      if (process.getuid?.() !== 0 || !inFirstNamespace) skip('needs root of the first user namespace');
      sys.mknodat(root, 'null', S_IFCHR | 0o666, 1, 3);
      sys.fchownat(root, 'null', 3_000_000, -1);
      const stat = sys.statat(root, 'null');
      assert.equal([stat.rdevMajor, stat.rdevMinor, stat.uid, stat.gid], [1, 3, 3_000_000, 0]);
    }));
});

suite('sys extended attributes', (test) => {
  test('keep binary values, also through a path descriptor', () =>
    inRoot((root, directory) => {
      writeFileSync(join(directory, 'file'), '');
      const value = Buffer.from(Array.from({ length: 1000 }, (_, index) => index & 0xff));
      for (const flags of [sys.O_PATH, O_RDONLY]) {
        const fd = sys.openat2(root, 'file', { flags });
        sys.setXattr(fd, 'user.b', value);
        sys.setXattr(fd, 'user.a', Buffer.alloc(0));
        assert.equal(sys.getXattr(fd, 'user.b'), value);
        assert.equal(sys.getXattr(fd, 'user.a'), Buffer.alloc(0));
        assert.is(sys.getXattr(fd, 'user.c'), undefined);
        const names = sys.listXattrs(fd).map(String);
        assert.equal(
          names.filter((name) => name.startsWith('user.')),
          ['user.a', 'user.b'],
        );
        sys.removeXattr(fd, 'user.a');
        sys.removeXattr(fd, 'user.a');
        sys.removeXattr(fd, 'user.b');
        assert.is(sys.getXattr(fd, 'user.b'), undefined);
        sys.closeFd(fd);
      }
    }));

  test('of a link are those of the link', () =>
    inRoot(async (root, directory) => {
      symlinkSync('file', join(directory, 'link'));
      const fd = sys.openat2(root, 'link', { flags: sys.O_PATH | constants.O_NOFOLLOW });
      assert.is(existsSync(join(directory, 'file')), false);
      await rejects(() => sys.setXattr(fd, 'user.a', Buffer.alloc(1)), { code: 'EPERM' });
      sys.closeFd(fd);
    }));
});
