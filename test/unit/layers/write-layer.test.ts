import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { extract, type ReadHeader } from 'tar-stream';
import * as assert from 'uvu/assert';
import { writeLayer } from '../../../src/layers/index.js';
import { AT_FDCWD, loadAddon, mknodat, setXattr, utimensat } from '../../../src/sys/index.js';
import { contentDigestOf, makeDirectory, needRoot, run, sha256, withDirectoryFd } from '../../support/layer-tree.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { type TarItem, tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const S_IFCHR = 0o020000;
const S_IFIFO = 0o010000;
const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const ROOT = { mode: 0o755, ...ME };

type Options = Partial<Parameters<typeof writeLayer>[0]>;

/** The tar of a directory, by way of an uncompressed blob. */
async function write(directory: string, options: Options = {}) {
  const file = `${directory}.blob`;
  chmodSync(directory, 0o755);
  const layer = await withDirectoryFd(directory, (upper) => {
    const { hashed, written } = writeLayer({ upper, overlayXattrs: 'user', compression: 'none', file, parentRoot: ROOT, ...options });
    return Promise.all([hashed, written]).then(([, result]) => result);
  });
  return { layer, tar: readFileSync(file) };
}

function put(path: string, content: string | Uint8Array, mode = 0o644, mtime = 1_000_000_000): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
  // node:fs takes times before 1970 for mistakes.
  utimensat(AT_FDCWD, path, null, BigInt(Math.floor(mtime * 1000)) * 1_000_000n);
}

function xattr(path: string, name: string, value: string | Uint8Array): void {
  const fd = openSync(path, 'r');
  try {
    setXattr(fd, name, Buffer.from(value as string));
  } finally {
    closeSync(fd);
  }
}

const item = (fields: TarItem): TarItem => ({ ...ME, mtime: 1_000_000_000, ...fields });

/** Entries as tar-stream reads them, names and PAX values as bytes in latin1. */
async function entriesOf(tar: Buffer): Promise<ReadHeader[]> {
  const found: ReadHeader[] = [];
  const reader = extract({ filenameEncoding: 'latin1' });
  reader.end(tar);
  for await (const entry of reader) {
    found.push(entry.header);
    entry.resume();
  }
  return found;
}

suite('layers/write-layer', (test) => {
  test('writeLayer() makes the bytes that the standard and docs/layer-format.md prescribe', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      mkdirSync(join(upper, 'a'), { mode: 0o750 });
      chmodSync(join(upper, 'a'), 0o750);
      put(join(upper, 'a', 'file'), 'hello', 0o4755, 1_234_567_890.987);
      put(join(upper, 'a.txt'), '', 0o600);
      put(join(upper, 'a-b'), 'x'.repeat(513));
      linkSync(join(upper, 'a.txt'), join(upper, 'z'));
      symlinkSync('/etc/../../passwd', join(upper, 'link'));
      lutimesSync(join(upper, 'link'), 5, 5);
      utimesSync(join(upper, 'a'), 7, 7);
      const { layer, tar } = await write(upper);
      const expected = tarOf([
        // '-' < '.' < '/' in bytes, and a directory's name ends in a slash.
        item({ name: 'a-b', data: 'x'.repeat(513) }),
        item({ name: 'a.txt', mode: 0o600 }),
        item({ name: 'a/', mode: 0o750, mtime: 7 }),
        item({ name: 'a/file', mode: 0o4755, data: 'hello', mtime: 1_234_567_890 }),
        item({ name: 'link', type: '2', mode: 0o777, link: '/etc/../../passwd', mtime: 5 }),
        item({ name: 'z', type: '1', mode: 0o600, link: 'a.txt' }),
      ]);
      assert.ok(tar.equals(expected), 'bytes of the tar');
      assert.is(layer.diffId as string, `sha256:${sha256(expected)}`);
      assert.is(layer.digest as string, layer.diffId as string);
      assert.is(layer.size, expected.length);
      assert.is(layer.uncompressedBytes, expected.length);
      assert.not(layer.empty);
      assert.is(
        layer.contentDigest as string,
        `sha256:${contentDigestOf([
          { type: 'f', path: 'a-b', mode: 0o644, ...ME, content: 'x'.repeat(513) },
          { type: 'f', path: 'a.txt', mode: 0o600, ...ME },
          { type: 'd', path: 'a', mode: 0o750, ...ME },
          { type: 'f', path: 'a/file', mode: 0o4755, ...ME, content: 'hello' },
          { type: 'l', path: 'link', ...ME, target: '/etc/../../passwd' },
          { type: 'h', path: 'z', target: 'a.txt' },
        ])}`,
      );
    });
  });

  test('writeLayer() leaves times out of the content digest, and nothing else', async () => {
    await withTempDir(async (dir) => {
      const digests = [];
      for (const [name, mtime, mode] of [
        ['one', 1, 0o644],
        ['two', 2, 0o644],
        ['three', 1, 0o640],
      ] as const) {
        const upper = makeDirectory(join(dir, name));
        put(join(upper, 'f'), 'same', mode, mtime);
        digests.push((await write(upper)).layer);
      }
      const [one, two, three] = digests;
      assert.is.not(one?.diffId, two?.diffId);
      assert.is(one?.contentDigest, two?.contentDigest);
      assert.is.not(one?.contentDigest, three?.contentDigest);
    });
  });

  test('writeLayer() names whiteouts first, and opaque directories only where they hide something', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      const lower = makeDirectory(join(dir, 'lower'));
      makeDirectory(join(lower, 'old'));
      for (const name of ['old', 'new']) {
        makeDirectory(join(upper, name));
        xattr(join(upper, name), 'user.overlay.opaque', 'y');
        xattr(join(upper, name), 'user.overlay.origin', '');
        utimesSync(join(upper, name), 9, 9);
      }
      put(join(upper, 'old', '-first'), '');
      utimesSync(join(upper, 'old'), 9, 9);
      put(join(upper, '+plus'), '');
      mknodat(AT_FDCWD, join(upper, 'zap'), S_IFCHR, 0, 0);
      mknodat(AT_FDCWD, join(upper, 'new', 'useless'), S_IFCHR, 0, 0);
      utimesSync(join(upper, 'new'), 9, 9);
      const mark = (name: string) => ({ name, mode: 0o600 });
      const both = await write(upper);
      const dirs = { mode: 0o755, mtime: 9, ...ME };
      assert.ok(
        both.tar.equals(
          tarOf([
            mark('.wh.zap'),
            item({ name: '+plus' }),
            { name: 'new/', ...dirs },
            mark('new/.wh..wh..opq'),
            { name: 'old/', ...dirs },
            mark('old/.wh..wh..opq'),
            item({ name: 'old/-first' }),
          ]),
        ),
      );
      const names = await withDirectoryFd(lower, async (fd) =>
        (await entriesOf((await write(upper, { lowers: [fd] })).tar)).map(({ name }) => name),
      );
      assert.equal(names, ['.wh.zap', '+plus', 'new/', 'old/', 'old/.wh..wh..opq', 'old/-first']);
      assert.is(
        both.layer.contentDigest as string,
        `sha256:${contentDigestOf([
          { type: 'w', path: 'zap' },
          { type: 'f', path: '+plus', mode: 0o644, ...ME },
          { type: 'd', path: 'new', mode: 0o755, ...ME },
          { type: 'o', path: 'new' },
          { type: 'd', path: 'old', mode: 0o755, ...ME },
          { type: 'o', path: 'old' },
          { type: 'f', path: 'old/-first', mode: 0o644, ...ME },
        ])}`,
      );
    });
  });

  test('writeLayer() ignores the opaque mark of the other family and drops both', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      makeDirectory(join(upper, 'd'));
      xattr(join(upper, 'd'), 'trusted.overlay.opaque', 'y');
      xattr(join(upper, 'd'), 'user.overlay.redirect', '/elsewhere');
      assert.equal(
        (await entriesOf((await write(upper)).tar)).map(({ name, pax }) => [name, pax]),
        [['d/', null]],
      );
      const trusted = await entriesOf((await write(upper, { overlayXattrs: 'trusted' })).tar);
      assert.equal(
        trusted.map(({ name }) => name),
        ['d/', 'd/.wh..wh..opq'],
      );
    });
  });

  const LONG = 'n'.repeat(120);
  const NAMES: readonly (readonly [title: string, name: Buffer, item: TarItem])[] = [
    ['of 100 bytes', Buffer.from('n'.repeat(100)), { name: 'n'.repeat(100) }],
    ['of 101 bytes', Buffer.from('n'.repeat(101)), { name: 'n'.repeat(101), pax: [['path', 'n'.repeat(101)]] }],
    ['in UTF-8', Buffer.from('grüße'), { name: 'gr__' + '__e', pax: [['path', 'grüße']] }],
    [
      'in no charset',
      Buffer.from([0x66, 0xff, 0xfe]),
      {
        name: 'f__',
        pax: [
          ['hdrcharset', 'BINARY'],
          ['path', Buffer.from([0x66, 0xff, 0xfe])],
        ],
      },
    ],
  ];
  for (const [title, name, expected] of NAMES) {
    test(`writeLayer() writes a name ${title}`, async () => {
      await withTempDir(async (dir) => {
        const upper = makeDirectory(join(dir, 'upper'));
        const path = Buffer.concat([Buffer.from(`${upper}/`), name]);
        writeFileSync(path, 'x');
        chmodSync(path, 0o644);
        utimesSync(path, 1_000_000_000, 1_000_000_000);
        const { tar } = await write(upper);
        assert.ok(tar.equals(tarOf([item({ data: 'x', ...expected })])), tar.subarray(0, 1536).toString('latin1').replaceAll('\0', ''));
      });
    });
  }

  test('writeLayer() splits a long path at a slash when both halves fit', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      makeDirectory(join(upper, LONG));
      utimesSync(join(upper, LONG), 1, 1);
      put(join(upper, LONG, 'leaf'), '');
      utimesSync(join(upper, LONG), 1, 1);
      const { tar } = await write(upper);
      const entries = await entriesOf(tar);
      assert.equal(
        entries.map(({ name, pax }) => [name, pax?.path]),
        [
          [`${LONG}/`, `${LONG}/`],
          [`${LONG}/leaf`, undefined],
        ],
      );
    });
  });

  test('writeLayer() keeps bytes of attributes, drops those of the machine, and reads override_stat', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      put(join(upper, 'f'), 'data');
      const binary = Buffer.from([0, 0xff, 0x0a, 0x3d]);
      xattr(join(upper, 'f'), 'user.b', binary);
      xattr(join(upper, 'f'), 'user.a', 'one');
      xattr(join(upper, 'f'), 'user.overlay.uuid', 'x');
      // The bits of the file are the true ones: a chmod may have come after the owner was recorded.
      put(join(upper, 'g'), '');
      chmodSync(join(upper, 'g'), 0o4711);
      xattr(join(upper, 'g'), 'user.containers.override_stat', '3000000:5:0644');
      put(join(upper, 'nul'), '');
      chmodSync(join(upper, 'nul'), 0o666);
      xattr(join(upper, 'nul'), 'user.containers.override_stat', '0:6:0666:char-1-3');
      put(join(upper, 'sda'), '');
      chmodSync(join(upper, 'sda'), 0o660);
      xattr(join(upper, 'sda'), 'user.containers.override_stat', '0:6:0660:block-8-300');
      const { tar, layer } = await write(upper);
      assert.ok(
        tar.equals(
          tarOf([
            item({
              name: 'f',
              data: 'data',
              pax: [
                ['SCHILY.xattr.user.a', 'one'],
                ['SCHILY.xattr.user.b', binary],
              ],
            }),
            item({ name: 'g', mode: 0o4711, uid: 0, gid: 5, pax: [['uid', '3000000']] }),
            item({ name: 'nul', type: '3', mode: 0o666, uid: 0, gid: 6, major: 1, minor: 3 }),
            item({ name: 'sda', type: '4', mode: 0o660, uid: 0, gid: 6, major: 8, minor: 300 }),
          ]),
        ),
      );
      assert.is(
        layer.contentDigest as string,
        `sha256:${contentDigestOf([
          {
            type: 'f',
            path: 'f',
            mode: 0o644,
            ...ME,
            content: 'data',
            xattrs: [
              ['user.a', Buffer.from('one')],
              ['user.b', binary],
            ],
          },
          { type: 'f', path: 'g', mode: 0o4711, uid: 3_000_000, gid: 5 },
          { type: 'c', path: 'nul', mode: 0o666, gid: 6, major: 1, minor: 3 },
          { type: 'b', path: 'sda', mode: 0o660, gid: 6, major: 8, minor: 300 },
        ])}`,
      );
    });
  });

  test('writeLayer() writes owners, devices, fifos and capabilities, and skips sockets', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      put(join(upper, 'f'), '', 0o755);
      chownSync(join(upper, 'f'), 0x7fffffff, 12);
      const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
      xattr(join(upper, 'f'), 'security.capability', capability);
      mknodat(AT_FDCWD, join(upper, 'fifo'), S_IFIFO | 0o600);
      utimesSync(join(upper, 'fifo'), 1_000_000_000, 1_000_000_000);
      mknodat(AT_FDCWD, join(upper, 'tty'), S_IFCHR | 0o600, 4, 1_000_000);
      utimesSync(join(upper, 'tty'), 1_000_000_000, 1_000_000_000);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(upper, 'socket'), resolve));
      const { tar } = await write(upper);
      await new Promise((resolve) => server.close(resolve));
      assert.ok(
        tar.equals(
          tarOf([
            item({
              name: 'f',
              mode: 0o755,
              gid: 12,
              pax: [
                ['uid', '2147483647'],
                ['SCHILY.xattr.security.capability', capability],
              ],
            }),
            item({ name: 'fifo', type: '6', mode: 0o600 }),
            item({ name: 'tty', type: '3', mode: 0o600, major: 4, minor: 1_000_000 }),
          ]),
        ),
      );
    });
  });

  test('writeLayer() writes the root only when it changed', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      put(join(upper, 'f'), '');
      assert.equal(
        (await entriesOf((await write(upper)).tar)).map(({ name }) => name),
        ['f'],
      );
      utimesSync(upper, 3, 3);
      const { tar, layer } = await write(upper, { parentRoot: { ...ROOT, mode: 0o700 } });
      assert.ok(tar.equals(tarOf([{ name: './', mode: 0o755, mtime: 3, ...ME }, item({ name: 'f' })])));
      assert.is(
        layer.contentDigest as string,
        `sha256:${contentDigestOf([
          { type: 'd', path: '', mode: 0o755, ...ME },
          { type: 'f', path: 'f', mode: 0o644, ...ME },
        ])}`,
      );
    });
  });

  const TIMES: readonly (readonly [title: string, Options['timestamps'], mtime: number, expected: TarItem])[] = [
    ['floors seconds', undefined, 1.9, { name: 'f', mtime: 1 }],
    ['floors before 1970', undefined, -1.5, { name: 'f', mtime: 0, pax: [['mtime', '-2']] }],
    ['clamps', { clampSeconds: 50 }, 1000, { name: 'f', mtime: 50 }],
    ['leaves what is older than the clamp', { clampSeconds: 50 }, 20, { name: 'f', mtime: 20 }],
    ['forces', { forceSeconds: 50 }, 20, { name: 'f', mtime: 50 }],
  ];
  for (const [title, timestamps, mtime, expected] of TIMES) {
    test(`writeLayer() ${title}`, async () => {
      await withTempDir(async (dir) => {
        const upper = makeDirectory(join(dir, 'upper'));
        put(join(upper, 'f'), '', 0o644, mtime);
        const { tar } = await write(upper, timestamps === undefined ? {} : { timestamps });
        assert.ok(tar.equals(tarOf([{ ...ME, ...expected }])));
      });
    });
  }

  test('writeLayer() reads a sparse file dense', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      const size = 3 * 1024 * 1024 + 5;
      const fd = openSync(join(upper, 'sparse'), 'w');
      writeSync(fd, 'begin', 0);
      writeSync(fd, 'middle', 1_500_000);
      ftruncateSync(fd, size);
      closeSync(fd);
      put(join(upper, 'tail'), 'after');
      utimesSync(join(upper, 'sparse'), 1_000_000_000, 1_000_000_000);
      chmodSync(join(upper, 'sparse'), 0o644);
      const content = Buffer.alloc(size);
      content.write('begin', 0);
      content.write('middle', 1_500_000);
      const { tar } = await write(upper);
      assert.ok(tar.equals(tarOf([item({ name: 'sparse', data: content }), item({ name: 'tail', data: 'after' })])));
    });
  });

  test('TarReader writes the size of a file above 8 GiB as a PAX record', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      const size = 9 * 1024 ** 3;
      const fd = openSync(join(upper, 'huge'), 'w');
      ftruncateSync(fd, size);
      closeSync(fd);
      utimesSync(join(upper, 'huge'), 1_000_000_000, 1_000_000_000);
      chmodSync(join(upper, 'huge'), 0o644);
      const { TarReader } = loadAddon<{ TarReader: new (...args: readonly unknown[]) => { next(): number; cancel(): void } }>();
      await withDirectoryFd(upper, (directory) => {
        const none = undefined;
        const memory = Buffer.alloc(2 * 256 * 1024);
        const reader = new TarReader(directory, false, none, 0o755, ME.uid, ME.gid, none, none, none, none, none, none, memory);
        assert.is(reader.next(), memory.length / 2);
        // The nine gigabytes of zeros are not waited for.
        reader.cancel();
        assert.throws(
          () => reader.next(),
          (error: NodeJS.ErrnoException) => error.code === 'ECANCELED',
        );
        const expected = tarOf([item({ name: 'huge', size: 0, pax: [['size', String(size)]] })]);
        const begin = expected.subarray(0, 1536 + 1024);
        assert.ok(memory.subarray(0, begin.length).equals(begin));
      });
    });
  });

  test('writeLayer() refuses a name that would be a whiteout, and leaves no file', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      makeDirectory(join(upper, 'd'));
      put(join(upper, 'd', '.wh.oops'), '');
      await rejects(write(upper), { code: 'UNSUPPORTED', message: /"d\/\.wh\.oops"/ });
      assert.throws(() => readFileSync(`${upper}.blob`), /ENOENT/);
    });
  });

  test('writeLayer() reports a full disk as such, and leaves no file', async () => {
    needRoot();
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      const small = makeDirectory(join(dir, 'small'));
      put(join(upper, 'f'), Buffer.alloc(4 * 1024 * 1024, 'x'));
      run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small);
      try {
        const error = await rejects(write(upper, { file: join(small, 'blob') }), { code: 'STORE_FULL', message: /ENOSPC/ });
        assert.ok(error.cause instanceof Error);
        assert.throws(() => readFileSync(join(small, 'blob')), /ENOENT/);
      } finally {
        run('umount', small);
      }
    });
  });

  test('writeLayer() ends on abort with the reason, and leaves no file', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      const fd = openSync(join(upper, 'huge'), 'w');
      ftruncateSync(fd, 100 * 1024 ** 3);
      closeSync(fd);
      const reason = new Error('enough');
      const file = join(dir, 'blob');
      await withDirectoryFd(upper, async (directory) => {
        const { written } = writeLayer(
          { upper: directory, overlayXattrs: 'user', compression: 'zstd', file, parentRoot: ROOT },
          { signal: abortSoon(reason) },
        );
        assert.is(await rejects(written, {}), reason);
      });
      assert.throws(() => readFileSync(file), /ENOENT/);
    });
  });

  test('writeLayer() gives the same blob for the same tree, which other programs decompress', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      for (let i = 0; i < 40; i++) put(join(upper, `f${i}`), Buffer.alloc(100_000, `content ${i} `));
      const { tar } = await write(upper);
      for (const [compression, program] of [
        ['gzip', 'gzip'],
        ['zstd', 'zstd'],
      ] as const) {
        const file = join(dir, `blob.${compression}`);
        const first = await write(upper, { compression, file });
        const bytes = readFileSync(file);
        assert.is(first.layer.digest as string, `sha256:${sha256(bytes)}`);
        assert.is(first.layer.size, bytes.length);
        assert.is(first.layer.diffId as string, `sha256:${sha256(tar)}`);
        const second = await write(upper, { compression, file });
        assert.is(second.layer.digest, first.layer.digest);
        const plain = spawnSync(program, ['-dc', file], { maxBuffer: 2 * tar.length });
        if (plain.error === undefined) assert.ok(plain.stdout.equals(tar));
      }
    });
  });

  test('GNU tar extracts what writeLayer() writes', async () => {
    await withTempDir(async (dir) => {
      const upper = makeDirectory(join(dir, 'upper'));
      makeDirectory(join(upper, 'déjà', LONG));
      put(join(upper, 'déjà', LONG, 'f'), 'deep', 0o640);
      put(join(upper, 'x'), 'attr');
      xattr(join(upper, 'x'), 'user.bin', Buffer.from([0xff, 0, 1]));
      symlinkSync('t'.repeat(150), join(upper, 'link'));
      await write(upper);
      const out = makeDirectory(join(dir, 'out'));
      run('tar', '--xattrs', '-xpf', `${upper}.blob`, '-C', out);
      assert.is(run('diff', '-r', '--no-dereference', upper, out), '');
      assert.is(run('getfattr', '--only-values', '-n', 'user.bin', join(out, 'x')).length > 0, true);
    });
  });
});

function abortSoon(reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 30);
  return controller.signal;
}
