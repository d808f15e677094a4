import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Addon, loadAddon } from '../../../src/sys/addon.js';
import { AT_FDCWD, hashEntries, mknodat, packTree, unknownDigests } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

function bytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

/** Regular files of unknown status, whatever they are. */
function files(paths: readonly string[]): ReturnType<typeof unknownDigests> {
  const stat = { ...NO_STAT, mode: constants.S_IFREG };
  return unknownDigests(packTree(paths.map((path) => ({ path: Buffer.from(path), stat }))), Buffer.alloc(0));
}

const NO_STAT = { dev: 0, ino: 0, mode: 0, nlink: 1, uid: 0, gid: 0, rdevMajor: 0, rdevMinor: 0, size: 0, mtimeNs: 0n, ctimeNs: 0n };

const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

suite('sys SHA-256', (test) => {
  test('is the one of FIPS 180-4, by the instructions and by the portable code', () => {
    const { sha256 }: Addon = loadAddon();
    // Every length around the padding's edges (55, 56, 64), and some of many blocks.
    const lengths = [...Array.from({ length: 200 }, (_, length) => length), 1000, 4096, 65_537];
    for (const length of lengths) {
      const content = bytes(length);
      const expected = createHash('sha256').update(content).digest('hex');
      assert.is(sha256(content, false).toString('hex'), expected, `${length} bytes`);
      assert.is(sha256(content, true).toString('hex'), expected, `${length} bytes, portable`);
    }
  });
});

suite('sys hashEntries()', (test) => {
  test('gives digests in the order of the paths', () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'd'));
      const contents = Array.from({ length: 300 }, (_, index) => bytes(index * 997));
      for (const [index, content] of contents.entries()) writeFileSync(join(directory, 'd', String(index)), content);
      const fd = openSync(directory, constants.O_RDONLY);
      const { digests, withAttributes } = await hashEntries(fd, files(contents.map((_, index) => `d/${index}`)));
      closeSync(fd);
      assert.equal(digests.toString('hex'), contents.map((content) => sha256(sha256(content)).toString('hex')).join(''));
      assert.equal(withAttributes, []);
    }));

  test('reads a little at once, and much beside the program', () =>
    withTempDir(async (directory) => {
      const sizes = [0, 1, 16 * 1024 - 1, 2, 70_000];
      for (const [index, size] of sizes.entries()) writeFileSync(join(directory, String(index)), bytes(size));
      const fd = openSync(directory, constants.O_RDONLY);
      for (const names of [['0'], ['0', '1', '2'], ['1', '2', '3'], ['4'], ['4', '1']]) {
        const { digests } = await hashEntries(fd, files(names));
        const expected = names.map((name) => sha256(sha256(bytes(sizes[Number(name)]!))).toString('hex'));
        assert.equal(digests.toString('hex'), expected.join(''), names.join());
      }
      closeSync(fd);
    }));

  test('refuses what is not a regular file and names it', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'file'), '');
      symlinkSync('file', join(directory, 'link'));
      mknodat(AT_FDCWD, join(directory, 'fifo'), constants.S_IFIFO | 0o600);
      const fd = openSync(directory, constants.O_RDONLY);
      for (const [path, code] of [
        ['link', 'ELOOP'],
        ['fifo', 'EINVAL'],
        ['.', 'EINVAL'],
        ['none', 'ENOENT'],
        ['../file2', 'ENOENT'],
      ] as const) {
        const error: NodeJS.ErrnoException = await rejects(hashEntries(fd, files(['file', path])), { code });
        assert.is(error.path, path);
      }
      assert.is((await hashEntries(fd, files([]))).digests.length, 0);
      closeSync(fd);
    }));
});
