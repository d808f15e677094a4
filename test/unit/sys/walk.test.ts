import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, linkSync, lstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  AT_FDCWD,
  type Fd,
  mknodat,
  O_PATH,
  packTree,
  readDirectory,
  statat,
  type Tree,
  type TreeEntry,
  walk,
} from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

async function inDirectory(body: (fd: Fd, path: string) => unknown): Promise<void> {
  await withTempDir(async (directory) => {
    const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await body(fd, directory);
    } finally {
      closeSync(fd);
    }
  });
}

function paths(tree: Tree): string[] {
  return [...tree].map((entry) => entry.path.toString('latin1'));
}

suite('sys packTree()', (test) => {
  test('gives back each entry, in the order given', () => {
    const stat = { dev: 5, ino: 2 ** 40, mode: 0o100644, nlink: 2, uid: 7, gid: 8, size: 2 ** 33, mtimeNs: -1n, ctimeNs: 2n ** 60n };
    const entries: TreeEntry[] = [
      { path: Buffer.from([0xff, 0x2f, 0x61]), ...stat, rdevMajor: 0, rdevMinor: 0 },
      { path: Buffer.from('b'), ...stat, mode: 0o120777, rdevMajor: 0, rdevMinor: 0, linkTarget: Buffer.from('../c') },
      { path: Buffer.alloc(0), ...stat, mode: 0o20600, rdevMajor: 1, rdevMinor: 3 },
    ];
    const tree = packTree(entries.map(({ path, linkTarget, ...rest }) => ({ path, stat: rest, linkTarget })));
    assert.is(tree.length, 3);
    assert.equal([...tree], entries);
    assert.equal([...packTree([])], []);
  });
});

suite('sys walk()', (test) => {
  test('lists everything in the order of bytes, parents first', () =>
    inDirectory(async (fd, directory) => {
      for (const name of ['a', 'a/b', 'a/b/c', 'a-b', 'B', 'a.d']) mkdirSync(join(directory, name));
      for (const name of ['a/z', 'a-b/z', 'a0', 'a/b.x']) writeFileSync(join(directory, name), '');
      writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), '');
      const expected = ['B', 'a', 'a-b', 'a-b/z', 'a.d', 'a/b', 'a/b.x', 'a/b/c', 'a/z', 'a0', '\xff'];
      assert.equal(paths(await walk(fd)), expected);
    }));

  test('tells what lstat tells', () =>
    inDirectory(async (fd, directory) => {
      writeFileSync(join(directory, 'file'), 'hello');
      linkSync(join(directory, 'file'), join(directory, 'hard'));
      symlinkSync('/etc/passwd', join(directory, 'link'));
      mkdirSync(join(directory, 'dir'), { mode: 0o711 });
      mknodat(AT_FDCWD, join(directory, 'fifo'), constants.S_IFIFO | 0o600);
      const tree = await walk(fd);
      assert.is(tree.length, 5);
      for (const entry of tree) {
        const stat = lstatSync(join(directory, entry.path.toString()), { bigint: true });
        const { mode, uid, gid, size, nlink, dev, ino } = entry;
        assert.equal([mode, uid, gid, size, nlink, dev, ino].map(BigInt), [
          stat.mode,
          stat.uid,
          stat.gid,
          stat.size,
          stat.nlink,
          stat.dev,
          stat.ino,
        ]);
        assert.is(entry.mtimeNs, stat.mtimeNs);
        assert.is(entry.ctimeNs, stat.ctimeNs);
        assert.is(entry.linkTarget?.toString(), entry.path.toString() === 'link' ? '/etc/passwd' : undefined);
      }
    }));

  test('does not go into pruned directories nor through links', () =>
    inDirectory(async (fd, directory) => {
      mkdirSync(join(directory, 'a/skipped/deep'), { recursive: true });
      mkdirSync(join(directory, 'skipped/kept'), { recursive: true });
      symlinkSync('a', join(directory, 'link'));
      const tree = await walk(fd, { prune: [Buffer.from('a/skipped')] });
      assert.equal(paths(tree), ['a', 'a/skipped', 'link', 'skipped', 'skipped/kept']);
    }));

  test('of an empty directory is empty, by a path descriptor too', () =>
    inDirectory(async (_fd, directory) => {
      const fd = openSync(directory, O_PATH);
      const tree = await walk(fd);
      closeSync(fd);
      assert.is(tree.length, 0);
      assert.throws(() => tree.at(0), /No entry 0 in a tree of 0/);
    }));

  test('names the directory it may not read', () =>
    inDirectory(async (fd, directory) => {
      if (process.getuid?.() === 0) skip('root reads everything');
      mkdirSync(join(directory, 'a/closed'), { recursive: true });
      chmodSync(join(directory, 'a/closed'), 0);
      const error: NodeJS.ErrnoException = await rejects(walk(fd), { code: 'EACCES' });
      chmodSync(join(directory, 'a/closed'), 0o700);
      assert.is(error.path, 'a/closed');
    }));

  test('agrees with find(1) on a large tree', async () => {
    const fd = openSync('/usr/share/doc', constants.O_RDONLY);
    const tree = await walk(fd);
    closeSync(fd);
    const found = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P\\0'], { cwd: '/usr/share/doc', maxBuffer: 1 << 28 });
    const expected = found
      .toString('latin1')
      .split('\0')
      .filter((path) => path !== '')
      .sort((a, b) => Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')));
    assert.equal(paths(tree), expected);
  });
});

suite('sys readDirectory()', (test) => {
  test('lists one level and stays inside', () =>
    inDirectory(async (fd, directory) => {
      mkdirSync(join(directory, 'root/sub/deep'), { recursive: true });
      writeFileSync(join(directory, 'root/sub/file'), '');
      symlinkSync('/sub', join(directory, 'root/link'));
      const root = openSync(join(directory, 'root'), constants.O_RDONLY);
      assert.equal(paths(readDirectory(root, 'sub')), ['deep', 'file']);
      assert.equal(paths(readDirectory(root)), ['link', 'sub']);
      assert.equal(paths(readDirectory(root, 'link/deep')), []);
      assert.equal(paths(readDirectory(root, '../../..')), ['link', 'sub']);
      await rejects(() => readDirectory(root, 'link'), { code: 'ENOTDIR' });
      await rejects(() => readDirectory(root, 'none'), { code: 'ENOENT' });
      assert.is(statat(fd, 'root').nlink > 0, true);
      closeSync(root);
    }));
});
