import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type AppliedLayer, applyLayer, type LayerToApply, writeLayer } from '../../../src/layers/index.js';
import { getXattr, O_PATH } from '../../../src/sys/index.js';
import { contentDigestOf, makeDirectory, needRoot, run, sha256, withDirectoryFd } from '../../support/layer-tree.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { END, type TarItem, tarEntry, tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

async function* chunksOf(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function apply(target: string, tar: Uint8Array, options: Partial<LayerToApply> = {}): Promise<AppliedLayer> {
  makeDirectory(target);
  return await withDirectoryFd(target, (fd) =>
    applyLayer({ blob: chunksOf(tar), compression: 'detect', target: fd, whiteouts: 'overlay-user', lowers: [], ...options }),
  );
}

function xattrOf(path: string, name: string): string | undefined {
  return getXattr(openSync(path, O_PATH), name)?.toString('latin1');
}

/** Every path below `directory`, sorted. */
function tree(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[]).sort();
}

const isWhiteout = (path: string): boolean => lstatSync(path).isCharacterDevice() && lstatSync(path).rdev === 0;
const own = (fields: TarItem): TarItem => ({ ...ME, ...fields });

suite('layers/apply-layer', (test) => {
  test('applyLayer() makes each kind of entry with its attributes and reports both digests', async () => {
    await withTempDir(async (dir) => {
      const tar = tarOf([
        own({ name: './', mode: 0o711, mtime: 11 }),
        own({ name: 'd/', mode: 0o750, mtime: 22 }),
        own({
          name: 'd/f',
          mode: 0o4755,
          data: 'hello',
          mtime: 33,
          pax: [
            ['mtime', '33.25'],
            ['SCHILY.xattr.user.x', Buffer.from([0, 0xff])],
          ],
        }),
        own({ name: 'd/h', type: '1', link: './d/f' }),
        own({ name: 'l', type: '2', link: '/etc/passwd', mtime: 44 }),
        own({ name: 'p', type: '6', mode: 0o600, mtime: 55 }),
      ]);
      const target = join(dir, 'out');
      const applied = await apply(target, tar);
      assert.is(applied.diffId as string, `sha256:${sha256(tar)}`);
      assert.is(applied.uncompressedBytes, tar.length);
      assert.is(
        applied.contentDigest as string,
        `sha256:${contentDigestOf([
          { type: 'd', path: '', mode: 0o711, ...ME },
          { type: 'd', path: 'd', mode: 0o750, ...ME },
          { type: 'f', path: 'd/f', mode: 0o4755, ...ME, content: 'hello', xattrs: [['user.x', Buffer.from([0, 0xff])]] },
          { type: 'h', path: 'd/h', target: 'd/f' },
          { type: 'l', path: 'l', ...ME, target: '/etc/passwd' },
          { type: 'p', path: 'p', mode: 0o600, ...ME },
        ])}`,
      );
      assert.equal(tree(target), ['d', 'd/f', 'd/h', 'l', 'p']);
      const stat = (name: string) => lstatSync(join(target, String(name)));
      assert.equal([stat('.').mode & 0o7777, stat('.').mtimeMs], [0o711, 11_000]);
      assert.equal([stat('d').mode & 0o7777, stat('d').mtimeMs], [0o750, 22_000]);
      assert.equal([stat('d/f').mode & 0o7777, stat('d/f').mtimeMs, stat('d/f').nlink], [0o4755, 33_250, 2]);
      assert.is(stat('d/f').ino, stat('d/h').ino);
      assert.equal([readlinkSync(join(target, 'l')), stat('l').mtimeMs], ['/etc/passwd', 44_000]);
      assert.equal([stat('p').isFIFO(), stat('p').mode & 0o777, stat('p').mtimeMs], [true, 0o600, 55_000]);
      assert.is(xattrOf(join(target, 'd/f'), 'user.x'), '\0\xff');
    });
  });

  test('applyLayer() gives files the modes of the archive, whatever the umask and the content', async () => {
    const modes = [0o600, 0o644, 0o666, 0o777, 0o000, 0o444, 0o1644, 0o2755, 0o4755, 0o6777];
    const umaskBefore = process.umask();
    try {
      for (const umask of [0o022, 0o077, 0o000]) {
        process.umask(umask);
        await withTempDir(async (dir) => {
          const target = join(dir, 'out');
          const items = modes.flatMap((mode) => [
            own({ name: `empty-${mode}`, mode }),
            own({ name: `full-${mode}`, mode, data: 'content' }),
            own({ name: `directory-${mode}/`, mode }),
          ]);
          await apply(target, tarOf(items));
          for (const mode of modes) {
            const found = ['empty', 'full', 'directory'].map((name) => lstatSync(join(target, `${name}-${mode}`)).mode & 0o7777);
            assert.equal(found, [mode, mode, mode], `umask ${umask.toString(8)}`);
            chmodSync(join(target, `directory-${mode}`), 0o700);
          }
        });
      }
    } finally {
      process.umask(umaskBefore);
    }
  });

  test('applyLayer() gives files in a directory with a group of its own theirs, as root', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      const target = join(dir, 'out');
      const items: TarItem[] = [
        { name: 'd/', uid: 0, gid: 5, mode: 0o2775 },
        { name: 'd/root', uid: 0, gid: 0, mode: 0o644, data: 'x' },
        { name: 'd/group', uid: 0, gid: 5, mode: 0o644, data: 'x' },
        { name: 'd/program', uid: 0, gid: 5, mode: 0o2755, data: 'x' },
        { name: 'd/user', uid: 7, gid: 8, mode: 0o4711, data: 'x' },
        { name: 'd/below/', uid: 0, gid: 0, mode: 0o755 },
      ];
      await apply(target, tarOf(items));
      const found = items.map(({ name }) => {
        const { uid, gid, mode } = lstatSync(join(target, String(name)));
        return { uid, gid, mode: mode & 0o7777 };
      });
      assert.equal(
        found,
        items.map(({ uid = 0, gid = 0, mode = 0 }) => ({ uid, gid, mode })),
      );
    });
  });

  test('applyLayer() gives back what writeLayer() wrote, digests too, as root with owners and devices', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      const tar = richTar();
      const first = join(dir, 'first');
      const applied = await apply(first, tar);
      const again = await rewrite(first, join(dir, 'blob'));
      assert.is(again.contentDigest, applied.contentDigest);
      assert.is(again.diffId, applied.diffId);
    });
  });

  test('applyLayer() and writeLayer() keep owners and devices where there is only one id', async () => {
    await withTempDir(async (dir) => {
      const tar = richTar();
      writeFileSync(join(dir, 'in.tar'), tar);
      chmodSync(dir, 0o777);
      makeDirectory(join(dir, 'out'));
      const program = `
        import { closeSync, openSync } from 'node:fs';
        import { applyLayer, writeLayer } from ${JSON.stringify(new URL('../../../src/layers/index.js', import.meta.url).href)};
        const target = openSync(${JSON.stringify(join(dir, 'out'))}, 'r');
        const applied = await applyLayer({ blob: { file: ${JSON.stringify(join(dir, 'in.tar'))} }, compression: 'none', target, whiteouts: 'overlay-user', lowers: [] });
        const file = ${JSON.stringify(join(dir, 'again.tar'))};
        const parentRoot = { mode: 0o755, uid: 0, gid: 0 };
        const { written } = writeLayer({ upper: target, overlayXattrs: 'user', compression: 'none', file, parentRoot });
        console.log(JSON.stringify([applied.contentDigest, (await written).contentDigest]));
      `;
      // The user namespace's map holds 0 alone: 33 and 1000 cannot be given, devices cannot be made.
      const child = spawnSync('unshare', ['-Ur', process.execPath, '--input-type=module', '-e', program], { encoding: 'utf8' });
      assert.is(child.status, 0, child.stderr);
      const [applied, again] = JSON.parse(child.stdout) as [string, string];
      assert.is(applied, again);
      assert.ok(readFileSync(join(dir, 'again.tar')).equals(tar), 'the same tar comes out again');
      assert.is(xattrOf(join(dir, 'out/usr/owned'), 'user.containers.override_stat'), '33:1000:0640');
      assert.is(xattrOf(join(dir, 'out/null'), 'user.containers.override_stat'), '0:0:0666:char-1-3');
    });
  });

  test('applyLayer() reads gzip of several members and zstd of several frames', async () => {
    await withTempDir(async (dir) => {
      const tar = tarOf([own({ name: 'f', data: Buffer.alloc(10_000, 'text ') })]);
      const gzip = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
      const diffId = `sha256:${sha256(tar)}`;
      assert.is((await apply(join(dir, 'gzip'), gzip)).diffId as string, diffId);
      writeFileSync(join(dir, 'a'), tar.subarray(0, 700));
      writeFileSync(join(dir, 'b'), tar.subarray(700));
      run('zstd', '-q', join(dir, 'a'), join(dir, 'b'));
      const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex'); // RFC 8878 section 3.1.2
      const frames = Buffer.concat([skippable, readFileSync(join(dir, 'a.zst')), skippable, readFileSync(join(dir, 'b.zst')), skippable]);
      assert.is((await apply(join(dir, 'zstd'), frames)).diffId as string, diffId);
    });
  });

  for (const compression of ['gzip', 'zstd'] as const) {
    test(`applyLayer() refuses a ${compression} blob that is cut, changed or continued`, async () => {
      await withTempDir(async (dir) => {
        writeFileSync(join(dir, 'plain'), tarOf([own({ name: 'f', data: Buffer.alloc(100_000, 'some text ') })]));
        run(compression, '-q', '-k', join(dir, 'plain'));
        const blob = readFileSync(join(dir, compression === 'gzip' ? 'plain.gz' : 'plain.zst'));
        const changed = Buffer.from(blob);
        changed[blob.length - 3]! ^= 1; // in the checksum
        const cases = {
          cut: blob.subarray(0, -5),
          changed,
          garbage: Buffer.concat([blob, Buffer.from('garbage!')]),
          zeros: Buffer.concat([blob, Buffer.alloc(16)]),
        };
        for (const [name, bytes] of Object.entries(cases)) {
          await rejects(apply(join(dir, name), bytes, { compression }), { code: 'ARCHIVE_INVALID', message: new RegExp(compression) });
        }
        await rejects(apply(join(dir, 'empty'), new Uint8Array(0), { compression }), { code: 'ARCHIVE_INVALID' });
      });
    });
  }

  test('applyLayer() holds the whole stream to the diff id, bytes behind the end too', async () => {
    await withTempDir(async (dir) => {
      const tar = Buffer.concat([tarOf([own({ name: 'f' })]), Buffer.from('trailing bytes')]);
      const expectedDiffId = `sha256:${sha256(tar)}` as AppliedLayer['diffId'];
      assert.is((await apply(join(dir, 'same'), tar, { expectedDiffId })).diffId, expectedDiffId);
      await rejects(apply(join(dir, 'other'), tar.subarray(0, -1), { expectedDiffId }), { code: 'DIGEST_MISMATCH' });
    });
  });

  test("applyLayer() passes its source's own error on", async () => {
    await withTempDir(async (dir) => {
      const failure = Object.assign(new Error('connection lost'), { code: 'REGISTRY_ERROR' });
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield tarOf([own({ name: 'f' })]).subarray(0, 600);
        throw failure;
      }
      assert.is(await rejects(apply(join(dir, 'out'), END, { blob: broken() }), { code: 'REGISTRY_ERROR' }), failure);
    });
  });

  test('applyLayer() stops at abort, with the reason, and closes its source', async () => {
    await withTempDir(async (dir) => {
      let closed = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          yield tarEntry({ ...own({ name: 'f' }), size: 2 ** 32 }).subarray(0, 512);
          for (;;) yield Buffer.alloc(1000);
        } finally {
          closed = true;
        }
      }
      const controller = new AbortController();
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 30);
      makeDirectory(join(dir, 'out'));
      await withDirectoryFd(join(dir, 'out'), async (target) => {
        const layer = { blob: endless(), compression: 'none', target, whiteouts: 'overlay-user', lowers: [] } as const;
        assert.is(await rejects(applyLayer(layer, { signal: controller.signal }), {}), reason);
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(closed);
    });
  });

  test('applyLayer() turns whiteouts into the marks of overlay, whatever the order of entries', async () => {
    const items = [
      { name: 'keep/', ...ME },
      { name: 'keep/new', ...ME },
      { name: 'keep/.wh..wh..opq' },
      { name: 'keep/.wh.hidden' },
      { name: '.wh.gone' },
      { name: 'dir/f', ...ME },
      { name: '.wh.dir' },
      { name: 'file', ...ME },
      { name: '.wh.file' },
      { name: '.wh..wh.plnk' },
    ];
    for (const [order, list] of [
      ['forward', items],
      ['backward', [...items].reverse()],
    ] as const) {
      await withTempDir(async (dir) => {
        const out = join(dir, 'out');
        await apply(out, tarOf(list));
        assert.equal(tree(out), ['dir', 'dir/f', 'file', 'gone', 'keep', 'keep/new'], order);
        assert.ok(isWhiteout(join(out, 'gone')));
        assert.is(xattrOf(join(out, 'keep'), 'user.overlay.opaque'), 'y');
        assert.is(xattrOf(join(out, 'dir'), 'user.overlay.opaque'), 'y', order);
        assert.ok(lstatSync(join(out, 'file')).isFile());
      });
    }
  });

  test('applyLayer() marks opaque directories for overlays of the trusted family', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      await apply(join(dir, 'out'), tarOf([{ name: 'd/' }, { name: 'd/.wh..wh..opq' }]), { whiteouts: 'overlay-trusted' });
      assert.is(xattrOf(join(dir, 'out/d'), 'trusted.overlay.opaque'), 'y');
      assert.is(xattrOf(join(dir, 'out/d'), 'user.overlay.opaque'), undefined);
    });
  });

  test('applyLayer() hides what lies below an opaque root name by name', async () => {
    await withTempDir(async (dir) => {
      const lower = join(dir, 'lower');
      makeDirectory(join(lower, 'both'));
      writeFileSync(join(lower, 'old'), '');
      const out = join(dir, 'out');
      await withDirectoryFd(lower, (fd) =>
        apply(out, tarOf([own({ name: 'both/' }), own({ name: 'new' }), { name: '.wh..wh..opq' }]), { lowers: [fd] }),
      );
      assert.equal(tree(out), ['both', 'new', 'old']);
      assert.ok(isWhiteout(join(out, 'old')));
      assert.is(xattrOf(join(out, 'both'), 'user.overlay.opaque'), 'y');
    });
  });

  test('applyLayer() makes parents that the tar leaves out like those in the layers below', async () => {
    await withTempDir(async (dir) => {
      const lower = join(dir, 'lower');
      makeDirectory(join(lower, 'a/b'));
      chmodSync(join(lower, 'a'), 0o1777);
      chmodSync(join(lower, 'a/b'), 0o700);
      chmodSync(lower, 0o751);
      const out = join(dir, 'out');
      await withDirectoryFd(lower, (fd) => apply(out, tarOf([own({ name: 'a/b/c/f' })]), { lowers: [fd] }));
      const mode = (name: string) => lstatSync(join(out, name)).mode & 0o7777;
      assert.equal([mode('.'), mode('a'), mode('a/b'), mode('a/b/c')], [0o751, 0o1777, 0o700, 0o755]);
      assert.is(lstatSync(join(out, 'a')).mtimeMs, lstatSync(join(lower, 'a')).mtimeMs);
    });
  });

  test('applyLayer() updates a directory that comes twice, and otherwise lets the last entry win', async () => {
    await withTempDir(async (dir) => {
      const out = join(dir, 'out');
      await apply(
        out,
        tarOf([
          own({ name: 'd/', mode: 0o700 }),
          own({ name: 'd/f' }),
          own({ name: 'd/', mode: 0o755 }),
          own({ name: 'x/' }),
          own({ name: 'x/y' }),
          own({ name: 'x', data: 'file' }),
          own({ name: 'z', data: 'one' }),
          own({ name: 'z', data: 'two' }),
          own({ name: 'self', data: 'kept' }),
          own({ name: 'self', type: '1', link: 'self' }),
        ]),
      );
      assert.equal(tree(out), ['d', 'd/f', 'self', 'x', 'z']);
      assert.is(lstatSync(join(out, 'd')).mode & 0o777, 0o755);
      assert.equal(
        ['x', 'z', 'self'].map((name) => readFileSync(join(out, name), 'utf8')),
        ['file', 'two', 'kept'],
      );
    });
  });

  test('applyLayer() reads old and foreign headers', async () => {
    await withTempDir(async (dir) => {
      const v7 = (header: Buffer) => header.fill(0, 257, 500);
      const base256 = (header: Buffer) => {
        header.fill(0, 124, 136);
        header[124] = 0x80;
        header[135] = 3;
      };
      const gnu = (header: Buffer) => header.write('ustar  \0', 257, 'latin1');
      const longName = `${'long/'.repeat(30)}name`;
      const tar = tarOf([
        own({ name: 'v7dir/', type: '\0', mode: 0o755, edit: v7 }),
        own({ name: 'v7dir/f', type: '\0', edit: v7, data: 'v7' }),
        own({ name: 'contiguous', type: '7', data: '7' }),
        own({ name: 'big', data: 'abc', edit: base256 }),
        own({ name: 'pax_global', type: 'g', data: '20 path=everywhere!\n' }),
        own({ name: '././@LongLink', type: 'L', data: `${longName}\0`, edit: gnu }),
        own({ name: 'cut', data: 'long', edit: gnu }),
        own({ name: '././@LongLink', type: 'K', data: `${'t'.repeat(200)}\0`, edit: gnu }),
        own({ name: 'link', type: '2', link: 't', edit: gnu }),
        own({ name: 'leaf', data: 'prefixed', edit: (header) => header.write('pre/fix', 345, 'latin1') }),
      ]);
      const out = join(dir, 'out');
      await apply(out, tar);
      const read = (name: string) => readFileSync(join(out, name), 'utf8');
      assert.equal(
        [read('v7dir/f'), read('contiguous'), read('big'), read(longName), read('pre/fix/leaf')],
        ['v7', '7', 'abc', 'long', 'prefixed'],
      );
      assert.is(readlinkSync(join(out, 'link')), 't'.repeat(200));
    });
  });

  for (const [format, flags] of [
    ['old GNU', '--format=gnu'],
    ['0.0', '--sparse-version=0.0'],
    ['0.1', '--sparse-version=0.1'],
    ['1.0', '--sparse-version=1.0'],
  ] as const) {
    test(`applyLayer() reads sparse files of GNU tar (${format})`, async () => {
      await withTempDir(async (dir) => {
        const source = makeDirectory(join(dir, 'in'));
        run('dd', 'if=/dev/zero', `of=${source}/sparse`, 'bs=1', 'count=0', 'seek=5000001', 'status=none');
        for (let i = 0; i < 30; i++)
          run('dd', `if=${process.execPath}`, `of=${source}/sparse`, 'bs=4096', 'count=1', `seek=${i * 40}`, 'conv=notrunc', 'status=none');
        run(
          'tar',
          '-S',
          ...(flags === '--format=gnu' ? [flags] : ['--format=pax', flags]),
          '-cf',
          join(dir, 'sparse.tar'),
          '-C',
          source,
          'sparse',
        );
        const out = join(dir, 'out');
        const tar = readFileSync(join(dir, 'sparse.tar'));
        assert.ok(tar.length < 1_000_000, 'the archive is sparse');
        await apply(out, tar);
        assert.ok(readFileSync(join(out, 'sparse')).equals(readFileSync(join(source, 'sparse'))));
        assert.ok(lstatSync(join(out, 'sparse')).blocks * 512 < 1_000_000, 'the file is sparse too');
      });
    });
  }
});

/** Owners, devices and modes of all kinds, in the writer's own order and form. */
function richTar(): Buffer {
  const at = { mtime: 1_000_000 };
  return tarOf([
    { name: '.wh.gone', mode: 0o600 },
    { name: 'null', type: '3', mode: 0o666, major: 1, minor: 3, ...at },
    { name: 'pipe', type: '6', mode: 0o640, ...at },
    { name: 'sh', type: '2', mode: 0o777, link: 'usr/sh', ...at },
    { name: 'usr/', mode: 0o2775, gid: 50, ...at },
    { name: 'usr/.wh..wh..opq', mode: 0o600 },
    { name: 'usr/owned', mode: 0o640, uid: 33, gid: 1000, data: 'secret', ...at },
    { name: 'usr/sh', mode: 0o4755, data: '#!', ...at },
    { name: 'usr/sh2', type: '1', mode: 0o4755, link: 'usr/sh', ...at },
  ]);
}

async function rewrite(directory: string, file: string) {
  const parentRoot = { mode: lstatSync(directory).mode & 0o7777, ...ME };
  return await withDirectoryFd(
    directory,
    (upper) => writeLayer({ upper, overlayXattrs: 'user', compression: 'none', file, parentRoot }).written,
  );
}
