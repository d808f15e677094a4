import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sys from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const inFirstNamespace = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const { O_CREAT, O_RDONLY, O_WRONLY, S_IFCHR, S_IFMT } = constants;

/** Directories by name, opened; `mount` skips the test where this user may not mount. */
async function withDirectories(
  names: readonly string[],
  body: (open: (name: string) => sys.Fd, directory: string) => unknown,
): Promise<void> {
  await withTempDir(async (directory) => {
    const fds: sys.Fd[] = [];
    const open = (name: string) => {
      const fd = openSync(join(directory, name), sys.O_PATH | constants.O_DIRECTORY);
      fds.push(fd);
      return fd;
    };
    for (const name of names) mkdirSync(join(directory, name));
    try {
      await body(open, directory);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  });
}

function mountOrSkip(options: sys.OverlayMount): sys.Fd {
  try {
    return sys.mountOverlay(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') skip('this user may not mount here');
    throw error;
  }
}

function read(root: sys.Fd, path: string): string {
  const fd = sys.openat2(root, path, { flags: O_RDONLY });
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function paths(tree: sys.Tree): string[] {
  return [...tree].map((entry) => entry.path.toString());
}

for (const byString of [false, true])
  suite(`sys mountOverlay()${byString ? ' as before Linux 6.7' : ''}`, (test) => {
    const mount = (options: sys.OverlayMount) => mountOrSkip({ ...options, byString });

    test('merges lowers, top first, and is gone when closed', () =>
      withDirectories(['top', 'bottom'], async (open, directory) => {
        writeFileSync(join(directory, 'bottom/both'), 'bottom');
        writeFileSync(join(directory, 'bottom/low'), 'low');
        writeFileSync(join(directory, 'top/both'), 'top');
        const root = mount({ lowers: [open('top'), open('bottom')], userxattr: true });
        assert.is(read(root, 'both'), 'top');
        assert.is(read(root, '/low'), 'low');
        assert.equal(paths(await sys.walk(root)), ['both', 'low']);
        await rejects(() => sys.mkdirat(root, 'new', 0o700), { code: 'EROFS' });
        assert.is(readFileSync('/proc/self/mountinfo', 'utf8').includes(directory), false);
        sys.closeFd(root);
      }));

    for (const userxattr of [true, false]) {
      test(`puts changes into the upper, with userxattr ${userxattr}`, () =>
        withDirectories(['upper', 'work', 'lower'], async (open, directory) => {
          if (!userxattr && !inFirstNamespace) skip('trusted attributes need the first user namespace');
          mkdirSync(join(directory, 'lower/dir/sub'), { recursive: true });
          writeFileSync(join(directory, 'lower/gone'), '');
          writeFileSync(join(directory, 'lower/dir/file'), 'old');
          const root = mount({ lowers: [open('lower')], upper: open('upper'), work: open('work'), userxattr });
          sys.unlinkat(root, 'gone');
          const fd = sys.openat2(root, 'dir/file', { flags: O_WRONLY | O_CREAT });
          writeFileSync(fd, 'new');
          closeSync(fd);
          assert.equal(paths(await sys.walk(root)), ['dir', 'dir/file', 'dir/sub']);
          sys.closeFd(root);
          assert.is(readFileSync(join(directory, 'upper/dir/file'), 'utf8'), 'new');
          assert.is(readFileSync(join(directory, 'lower/dir/file'), 'utf8'), 'old');
          const upper = open('upper');
          const whiteout = sys.statat(upper, 'gone');
          assert.equal([whiteout.mode & S_IFMT, whiteout.rdevMajor, whiteout.rdevMinor], [S_IFCHR, 0, 0]);
          // The upper becomes a layer: nothing of the mount may be written on it that ties it to this store.
          const marks = sys.listXattrs(upper).map(String);
          assert.equal(
            marks.filter((name) => name.endsWith('.overlay.uuid') || name.endsWith('.overlay.origin')),
            [],
          );
        }));
    }

    test('of one lower is a read-only clone', () =>
      withDirectories(['lower'], async (open, directory) => {
        writeFileSync(join(directory, 'lower/file'), 'x');
        const root = mount({ lowers: [open('lower')], userxattr: true });
        assert.is(read(root, 'file'), 'x');
        await rejects(() => sys.openat2(root, 'new', { flags: O_WRONLY | O_CREAT }), { code: 'EROFS' });
        sys.closeFd(root);
        assert.equal(readdirSync(join(directory, 'lower')), ['file']);
      }));

    test('readOnly refuses changes despite an upper', () =>
      withDirectories(['upper', 'work', 'lower'], async (open) => {
        const root = mount({ lowers: [open('lower')], upper: open('upper'), work: open('work'), userxattr: true, readOnly: true });
        await rejects(() => sys.mkdirat(root, 'new', 0o700), { code: 'EROFS' });
        sys.closeFd(root);
      }));

    test('takes names with colons, commas and newlines, longer than 255 bytes, and many layers', () =>
      withTempDir((directory) => {
        const odd = join(directory, 'a:b,c=d\\e\n', 'x'.repeat(200), 'y'.repeat(200));
        const lowers = Array.from({ length: 200 }, (_, index) => {
          mkdirSync(join(odd, String(index)), { recursive: true });
          writeFileSync(join(odd, String(index), String(index)), '');
          return openSync(join(odd, String(index)), sys.O_PATH);
        });
        try {
          const root = mount({ lowers, userxattr: true });
          assert.is(sys.readDirectory(root).length, 200);
          sys.closeFd(root);
        } finally {
          for (const fd of lowers) closeSync(fd);
        }
      }));
  });

suite('sys mountOverlay() refused', (test) => {
  test('says what the kernel says', () =>
    withDirectories(['a', 'b', 'upper', 'work'], async (open, directory) => {
      const merged = mountOrSkip({ lowers: [open('a'), open('b')], userxattr: true });
      const other = mountOrSkip({ lowers: [open('a')], upper: open('upper'), work: open('work'), userxattr: true });
      sys.mkdirat(other, 'upper', 0o700);
      sys.mkdirat(other, 'work', 0o700);
      const upper = sys.openat2(other, 'upper', { flags: sys.O_PATH });
      const work = sys.openat2(other, 'work', { flags: sys.O_PATH });
      const error = await rejects(() => sys.mountOverlay({ lowers: [open('a')], upper, work, userxattr: true }), { code: 'EINVAL' });
      assert.match(error.message, /overlay: /);
      for (const fd of [upper, work, other, merged]) sys.closeFd(fd);
      assert.is(existsSync(join(directory, 'upper/upper')), true);
    }));
});

suite('sys cloneMount()', (test) => {
  test('shows a directory, writable or not', () =>
    withDirectories(['dir'], async (open, directory) => {
      sys.closeFd(mountOrSkip({ lowers: [open('dir')], userxattr: true }));
      const writable = sys.cloneMount(open('dir'), { readOnly: false, recursive: true });
      sys.mkdirat(writable, 'new', 0o700);
      const sealed = sys.cloneMount(open('dir'), { readOnly: true, recursive: true });
      await rejects(() => sys.mkdirat(sealed, 'newer', 0o700), { code: 'EROFS' });
      for (const fd of [writable, sealed]) sys.closeFd(fd);
      assert.equal(readdirSync(join(directory, 'dir')), ['new']);
    }));
});
