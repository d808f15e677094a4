import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sys from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const { S_IFCHR, S_IFIFO, S_IFMT, S_IFSOCK } = constants;
// Root of the first user namespace: only it owns every id and may make devices.
const inFirstNamespace = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const isRoot = process.getuid?.() === 0 && inFirstNamespace;

interface Trees {
  readonly source: sys.Fd;
  readonly target: sys.Fd;
  /** Absolute path of something in the source (`s`), in the target (`t`), or beside both (`o`). */
  readonly s: (path: string) => string;
  readonly t: (path: string) => string;
  readonly o: (path: string) => string;
}

/** Two empty directories side by side. */
async function withTrees(body: (trees: Trees) => unknown): Promise<void> {
  await withTempDir(async (directory) => {
    for (const name of ['source', 'target']) mkdirSync(join(directory, name), { mode: 0o755 });
    const source = openSync(join(directory, 'source'), constants.O_RDONLY);
    const target = openSync(join(directory, 'target'), sys.O_PATH);
    const path = (folder: string) => (name: string) => join(directory, folder, name);
    try {
      await body({ source, target, s: path('source'), t: path('target'), o: path('') });
    } finally {
      closeSync(source);
      closeSync(target);
    }
  });
}

function entry(from: string, to = from, rest: Partial<sys.CopyEntry> = {}): sys.CopyEntry {
  return { from: Buffer.from(from), to: Buffer.from(to), ...rest };
}

/** Everything of the source under the same names. */
async function copyAll({ source, target }: Trees, plan: Partial<sys.CopyPlan> = {}): Promise<void> {
  const tree = await sys.walk(source);
  await sys.copyEntries({ source, target, entries: [...tree].map(({ path }) => ({ from: path, to: path })), xattrs: true, ...plan });
}

/** What a tree looks like, for comparison: everything but inode numbers and change times. */
async function describe(directory: string): Promise<string[]> {
  const fd = openSync(directory, constants.O_RDONLY);
  const tree = [...(await sys.walk(fd))];
  closeSync(fd);
  return tree.map((e) => {
    const size = (e.mode & S_IFMT) === constants.S_IFDIR ? 0 : e.size;
    return `${e.path.toString('latin1')} ${e.mode.toString(8)} ${e.uid}:${e.gid} ${size} ${e.mtimeNs} ${e.nlink} ${e.rdevMajor}:${e.rdevMinor} ${e.linkTarget}`;
  });
}

function withPathFd<T>(path: string, body: (fd: sys.Fd) => T): T {
  const fd = sys.openat2(sys.AT_FDCWD, path, { flags: sys.O_PATH | constants.O_NOFOLLOW, resolve: 0 });
  try {
    return body(fd);
  } finally {
    sys.closeFd(fd);
  }
}

suite('sys copyEntries()', (test) => {
  test('copies types, modes, times, links, attributes and odd names', () =>
    withTrees(async (trees) => {
      const { s, t, source } = trees;
      mkdirSync(s('d/e'), { recursive: true });
      writeFileSync(s('d/file'), 'hello');
      writeFileSync(s('d/empty'), '');
      writeFileSync(s('d/e/large'), Buffer.alloc(700_000, 'x'));
      linkSync(s('d/file'), s('d/e/hard'));
      symlinkSync('../nowhere', s('d/e/link'));
      sys.mknodat(source, 'd/fifo', S_IFIFO | 0o600);
      sys.symlinkat(Buffer.from([0xff]), source, Buffer.from([0x6e, 0xfe, 0x0a]));
      withPathFd(s('d/file'), (fd) => sys.setXattr(fd, 'user.note', Buffer.from([0, 1, 255])));
      withPathFd(s('d/e'), (fd) => sys.setXattr(fd, 'user.overlay.opaque', Buffer.from('y')));
      for (const [path, mode] of [
        ['d/file', 0o4755],
        ['d/empty', 0],
        ['d/fifo', 0o622],
        ['d/e', 0o1711],
        ['d', 0o750],
      ] as const) {
        chmodSync(s(path), mode);
      }
      for (const path of ['d/file', 'd/empty', 'd/e/large', 'd/e/link', 'd/fifo', 'd/e', 'd']) {
        sys.utimensat(source, path, null, 1_600_000_000_000_000_007n + BigInt(path.length));
      }
      if (process.getuid?.() !== 0) chmodSync(s('d/empty'), 0o400); // only root reads a file without permission bits
      await copyAll(trees);
      assert.equal(await describe(t('')), await describe(s('')));
      assert.is(readFileSync(t('d/e/large')).equals(readFileSync(s('d/e/large'))), true);
      assert.is(statSync(t('d/file')).ino, statSync(t('d/e/hard')).ino);
      assert.equal(
        withPathFd(t('d/file'), (fd) => sys.getXattr(fd, 'user.note')),
        Buffer.from([0, 1, 255]),
      );
      assert.is(
        withPathFd(t('d/e'), (fd) => sys.getXattr(fd, 'user.overlay.opaque')),
        undefined,
      );
    }));

  test('leaves attributes out when told so', () =>
    withTrees(async (trees) => {
      writeFileSync(trees.s('file'), '');
      withPathFd(trees.s('file'), (fd) => sys.setXattr(fd, 'user.note', Buffer.from('x')));
      await copyAll(trees, { xattrs: false });
      assert.equal(
        withPathFd(trees.t('file'), (fd) => sys.getXattr(fd, 'user.note')),
        undefined,
      );
    }));

  test("an entry's own mode, owner and time win", () =>
    withTrees(async (trees) => {
      const uid = isRoot ? 33 : process.getuid!();
      const gid = isRoot ? 34 : process.getgid!();
      writeFileSync(trees.s('file'), 'x');
      mkdirSync(trees.s('dir'));
      const own = { mode: 0o6750, uid, gid, mtimeNs: 5_000_000_001n };
      const { source, target } = trees;
      const entries = [entry('dir', 'to', own), entry('file', 'to/file', own), entry('file', 'to/masked', { mode: 0o7777 })];
      await sys.copyEntries({ source, target, entries, modeMask: 0o755, xattrs: false });
      for (const [path, mode] of [
        ['to', 0o750],
        ['to/file', 0o750],
      ] as const) {
        const stat = sys.statat(target, path);
        assert.equal([stat.mode & 0o7777, stat.uid, stat.gid, stat.mtimeNs], [mode, uid, gid, 5_000_000_001n]);
      }
      assert.is(sys.statat(target, 'to/masked').mode & 0o7777, 0o755);
    }));

  test('keeps holes', () =>
    withTrees(async (trees) => {
      const { s, t } = trees;
      const fd = openSync(s('sparse'), 'w');
      writeSync(fd, 'start', 0);
      writeSync(fd, 'middle', 40 << 20);
      closeSync(fd);
      truncateSync(s('sparse'), 80 << 20);
      writeFileSync(s('hollow'), '');
      truncateSync(s('hollow'), 10 << 20);
      await copyAll(trees);
      for (const name of ['sparse', 'hollow']) {
        assert.is(statSync(t(name)).size, statSync(s(name)).size);
        assert.ok(statSync(t(name)).blocks <= statSync(s(name)).blocks + 16, `${statSync(t(name)).blocks} blocks`);
        execFileSync('cmp', [s(name), t(name)]);
      }
    }));

  for (const link of ['/etc', '../../../../etc', '/../etc']) {
    test(`a parent that is a link to ${link} stays inside the root`, () =>
      withTrees(async ({ source, target, s, t }) => {
        writeFileSync(s('x-tsbuild'), 'inside');
        mkdirSync(t('etc'));
        symlinkSync(link, t('a'));
        await sys.copyEntries({ source, target, entries: [entry('x-tsbuild', 'a/x-tsbuild')], xattrs: false });
        assert.is(readFileSync(t('etc/x-tsbuild'), 'utf8'), 'inside');
        assert.is(existsSync('/etc/x-tsbuild'), false);
      }));
  }

  test('a link in the way is replaced, not written through', () =>
    withTrees(async ({ source, target, s, t, o }) => {
      writeFileSync(o('outside'), 'outside');
      mkdirSync(o('folder'));
      for (const name of ['file', 'link']) writeFileSync(s('file'), name);
      mkdirSync(s('dir'));
      symlinkSync('elsewhere', s('link'));
      symlinkSync('../outside', t('file'));
      symlinkSync('../folder', t('dir'));
      symlinkSync('../outside', t('link'));
      await sys.copyEntries({
        source,
        target,
        entries: [entry('dir'), entry('file'), entry('link'), entry('file', 'dir/file')],
        xattrs: false,
      });
      assert.is(lstatSync(t('file')).isFile(), true);
      assert.is(lstatSync(t('dir')).isDirectory(), true);
      assert.is(readlinkSync(t('link')), 'elsewhere');
      assert.is(readFileSync(o('outside'), 'utf8'), 'outside');
      assert.equal(readdirSync(o('folder')), []);
    }));

  test('a link copied earlier leads later entries inside the root', () =>
    withTrees(async ({ source, target, s, t }) => {
      symlinkSync('/', s('up'));
      writeFileSync(s('file'), 'x');
      await sys.copyEntries({ source, target, entries: [entry('up'), entry('file', 'up/landed')], xattrs: false });
      assert.is(readFileSync(t('landed'), 'utf8'), 'x');
    }));

  test('a source path cannot leave the source', () =>
    withTrees(async ({ source, target, s, o }) => {
      writeFileSync(o('outside'), 'outside');
      symlinkSync('..', s('up'));
      for (const from of ['../outside', 'up/outside']) {
        const error: NodeJS.ErrnoException = await rejects(
          sys.copyEntries({ source, target, entries: [entry(from, 'x')], xattrs: false }),
          {
            code: 'ENOENT',
          },
        );
        assert.is(error.path, from);
      }
    }));

  test('keeps a directory that is there, and replaces the rest', () =>
    withTrees(async ({ source, target, s, t }) => {
      mkdirSync(s('dir'), { mode: 0o711 });
      chmodSync(s('dir'), 0o711);
      writeFileSync(s('file'), 'new');
      symlinkSync('x', s('link'));
      mkdirSync(t('dir'));
      writeFileSync(t('dir/kept'), 'kept');
      mkdirSync(t('file/full'), { recursive: true });
      writeFileSync(t('file/full/of'), '');
      mkdirSync(t('link/full'), { recursive: true });
      writeFileSync(t('was-file'), '');
      await sys.copyEntries({
        source,
        target,
        entries: [entry('dir'), entry('file'), entry('link'), entry('dir', 'was-file'), entry('file', 'was-file/in')],
        xattrs: false,
      });
      assert.is(readFileSync(t('dir/kept'), 'utf8'), 'kept');
      assert.is(statSync(t('dir')).mode & 0o777, 0o711);
      assert.is(readFileSync(t('file'), 'utf8'), 'new');
      assert.is(readlinkSync(t('link')), 'x');
      assert.is(readFileSync(t('was-file/in'), 'utf8'), 'new');
    }));

  test('of several entries for one target the last is made', () =>
    withTrees(async ({ source, target, s, t }) => {
      const entries: sys.CopyEntry[] = [];
      for (let index = 0; index < 200; index++) {
        writeFileSync(s(String(index)), String(index));
        entries.push(entry(String(index), 'same'), entry(String(index), 'same/'));
      }
      await sys.copyEntries({ source, target, entries, xattrs: false });
      assert.is(readFileSync(t('same'), 'utf8'), '199');
      assert.equal(readdirSync(t('')), ['same']);
    }));

  test('leaves sockets out', () =>
    withTrees(async (trees) => {
      const server = createServer().listen(trees.s('socket'));
      await new Promise((resolve) => server.once('listening', resolve));
      assert.is(lstatSync(trees.s('socket')).mode & S_IFMT, S_IFSOCK);
      await copyAll(trees);
      server.close();
      assert.equal(readdirSync(trees.t('')), []);
    }));

  test('gives the root of the target its metadata', () =>
    withTrees(async ({ source, target, s, t }) => {
      chmodSync(s(''), 0o711);
      writeFileSync(s('file'), '');
      sys.utimensat(source, '', null, 77n, sys.AT_EMPTY_PATH);
      await sys.copyEntries({ source, target, entries: [entry(''), entry('file')], xattrs: false });
      assert.is(statSync(t('')).mode & 0o777, 0o711);
      assert.is(sys.statat(target, '', sys.AT_EMPTY_PATH).mtimeNs, 77n);
    }));

  test('names the path that fails', () =>
    withTrees(async ({ source, target, s, t }) => {
      writeFileSync(s('file'), '');
      writeFileSync(t('blocked'), '');
      for (const [from, to, code, path] of [
        ['none', 'x', 'ENOENT', 'none'],
        ['file', 'no/where', 'ENOENT', 'no/where'],
        ['file', 'blocked/x', 'ENOTDIR', 'blocked/x'],
        ['file', '..', 'EINVAL', '..'],
        ['file', 'a/.', 'EINVAL', 'a/.'],
        ['file', '', 'EISDIR', undefined],
      ] as const) {
        const error: NodeJS.ErrnoException = await rejects(sys.copyEntries({ source, target, entries: [entry(from, to)], xattrs: false }), {
          code,
        });
        assert.is(error.path, path);
      }
    }));

  test('owner and devices as root', () =>
    withTrees(async (trees) => {
      if (!isRoot) skip('needs root');
      const { source, s, t } = trees;
      sys.mknodat(source, 'null', S_IFCHR | 0o666, 1, 3);
      writeFileSync(s('file'), '');
      symlinkSync('x', s('link'));
      mkdirSync(s('dir'));
      for (const path of ['file', 'link', 'dir', 'null']) sys.fchownat(source, path, 12_345, 3_000_000);
      withPathFd(s('file'), (fd) => sys.setXattr(fd, 'security.capability', Buffer.from('AQAAAgAgAAAAAAAAAAAAAAAAAAA=', 'base64')));
      await copyAll(trees);
      assert.equal(await describe(t('')), await describe(s('')));
      assert.is(
        withPathFd(t('file'), (fd) => sys.getXattr(fd, 'security.capability')?.length),
        20,
      );
    }));

  test('an owner that cannot be given is recorded', () =>
    withTrees(async (trees) => {
      if (isRoot) skip('root gives files to anyone');
      const { source, target, s, t } = trees;
      mkdirSync(s('dir'), { mode: 0o755 });
      writeFileSync(s('dir/file'), 'x', { mode: 0o640 });
      const owner = { uid: 33, gid: 4 };
      await sys.copyEntries({ source, target, entries: [entry('dir'), entry('dir/file')], owner, xattrs: false });
      const record = (path: string) => withPathFd(t(path), (fd) => sys.getXattr(fd, 'user.containers.override_stat')?.toString());
      assert.is(record('dir/file'), '33:4:0640');
      assert.is(record('dir'), '33:4:0755');
      // Copied on from there, the record counts as the owner.
      const again = sys.openat2(target, 'dir', { flags: constants.O_RDONLY });
      await sys.copyEntries({ source: again, target, entries: [entry('file', 'copied')], xattrs: true });
      assert.is(record('copied'), '33:4:0640');
      // A directory that is there loses the record once its owner is true.
      await sys.copyEntries({ source, target, entries: [entry('dir')], xattrs: false });
      assert.is(record('dir'), undefined);
      sys.closeFd(again);
    }));

  test('large trees come out the same each time', () =>
    withTrees(async (trees) => {
      const { source, s, t } = trees;
      for (let folder = 0; folder < 20; folder++) {
        mkdirSync(s(`${folder}`));
        for (let file = 0; file < 100; file++) writeFileSync(s(`${folder}/${file}`), `${folder} ${file}`);
        linkSync(s(`${folder}/7`), s(`${folder}/8a`));
        sys.utimensat(source, String(folder), null, BigInt(folder));
      }
      await copyAll(trees);
      assert.equal(await describe(t('')), await describe(s('')));
      await copyAll(trees);
      assert.equal(await describe(t('')), await describe(s('')));
      assert.is(readFileSync(t('13/57'), 'utf8'), '13 57');
    }));
});
