import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type ArchiveToExtract, extractArchive } from '../../../src/layers/index.js';
import { makeDirectory, needRoot, withDirectoryFd } from '../../support/layer-tree.js';
import { skip, suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const TAR = tarOf([
  { name: './', mode: 0o700, mtime: 5, ...ME },
  { name: 'f', data: 'content', mode: 0o640, mtime: 7, ...ME },
]);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const extract = (root: string, bytes: Uint8Array, prefix: string, options: Partial<ArchiveToExtract> = {}) =>
  withDirectoryFd(makeDirectory(root), (target) =>
    extractArchive({ source: once(bytes), target, prefix: Buffer.from(prefix), ...options }),
  );

suite('layers/extract-archive', (test) => {
  for (const program of ['none', 'gzip', 'zstd', 'bzip2', 'xz'] as const) {
    test(`extractArchive() knows ${program} by its content, in a stream and in a file`, async () => {
      const packed = program === 'none' ? TAR : spawnSync(program, ['-c'], { input: TAR }).stdout;
      if (packed === null) skip(`needs the program "${program}"`);
      await withTempDir(async (dir) => {
        await extract(join(dir, 'a'), packed, 'opt/app');
        writeFileSync(join(dir, 'packed'), packed);
        await extract(join(dir, 'b'), new Uint8Array(0), '', { source: { file: join(dir, 'packed') } });
        assert.is(readFileSync(join(dir, 'a/opt/app/f'), 'utf8'), 'content');
        assert.is(readFileSync(join(dir, 'b/f'), 'utf8'), 'content');
        const stat = lstatSync(join(dir, 'a/opt/app/f'));
        assert.equal([stat.mode & 0o7777, stat.mtimeMs], [0o640, 7000]);
      });
    });
  }

  test('extractArchive() gives the directory it goes into the attributes of the entry for the root, if there is one', async () => {
    await withTempDir(async (dir) => {
      const root = join(dir, 'root');
      makeDirectory(join(root, 'tmp'));
      makeDirectory(join(root, 'other'));
      symlinkSync('tmp', join(root, 'link'));
      await extract(root, gzipSync(TAR), '/link');
      const stat = lstatSync(join(root, 'tmp'));
      assert.equal([stat.mode & 0o7777, stat.mtimeMs], [0o700, 5000]);
      await extract(root, tarOf([{ name: 'f', data: 'x', ...ME }]), 'other');
      assert.is(lstatSync(join(root, 'other')).mode & 0o7777, 0o755);
      await extract(root, TAR, '');
      assert.is(lstatSync(root).mode & 0o7777, 0o700);
    });
  });

  test('extractArchive() resolves links of its prefix inside the root', async () => {
    await withTempDir(async (dir) => {
      makeDirectory(join(dir, 'root/usr/lib'));
      symlinkSync('/usr/lib', join(dir, 'root/lib'));
      await extract(join(dir, 'root'), TAR, 'lib/sub');
      assert.is(readFileSync(join(dir, 'root/usr/lib/sub/f'), 'utf8'), 'content');
    });
  });

  test('extractArchive() gives every entry the owner it is told', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      await extract(
        join(dir, 'root'),
        tarOf([
          { name: 'd/', uid: 5 },
          { name: 'd/l', type: '2', link: 'x', gid: 9 },
          { name: 'd/f', uid: 7 },
        ]),
        '',
        {
          owner: { uid: 1234, gid: 99 },
        },
      );
      for (const name of ['d', 'd/l', 'd/f']) {
        const { uid, gid } = lstatSync(join(dir, 'root', name));
        assert.equal([uid, gid], [1234, 99], name);
      }
    });
  });
});
