import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, lutimesSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type LayerEntry, writeLayer } from '../../../src/layers/index.js';
import { sha256, withDirectoryFd } from '../../support/layer-tree.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/**
 * The digests of one tree, written down. They may change only together with docs/layer-format.md: what users have built, cached and pinned
 * has them. The tar's is that of the bytes GNU tar writes for the same files, which is checked below.
 */
const DIFF_ID = 'sha256:91cdcaa5cedf8a188b9fb4a012b8c3a8a6cbd5d07126e546e59779885603dab8';
const BLOBS = {
  none: DIFF_ID,
  zstd: 'sha256:cd3d0fcd46106c9567f26eea483918b9024e655d438b9c04123c9804eb151ed3',
  gzip: 'sha256:53da9599df4efc8fba12ebeb808e6a653bbfb99972328af23f701c3ccfdaf8f9',
} as const;
/** zlib is Node's own, and its compressed bytes are those of its version; that of zstd is in package-lock.json. */
const ZLIB = '1.3.1-e00f703';

const MTIME = 1_234_567_890;
/** Whoever runs the test owns the directory, which is then no entry. */
const ROOT = { mode: 0o755, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const LONG = `${'directory-with-a-long-name/'.repeat(4)}file-with-a-name`;
/** In the order of the archive, directories with their slash. */
const NAMES = ['d-x', 'd/', 'd/a', 'd/empty', 'd/h', 'd/large', ...ancestorsOf(LONG).map((name) => `${name}/`), LONG, 'link'];

function ancestorsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Five megabytes that compress somewhat, so that every compressor works in several blocks. */
function largeContent(): Buffer {
  const bytes = Buffer.alloc(5_000_001);
  let state = 42;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = (state >>> 24) & ((at >>> 12) & 1 ? 0x0f : 0xff);
  }
  return bytes;
}

function writeTree(upper: string): void {
  const files: Readonly<Record<string, string | Buffer>> = {
    'd-x': 'sorts before the directory d/\n',
    'd/a': 'content\n',
    'd/empty': '',
    'd/large': largeContent(),
    [LONG]: 'deep\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(upper, name)), { recursive: true });
    writeFileSync(join(upper, name), content);
    chmodSync(join(upper, name), name === 'd/a' ? 0o4755 : 0o640);
  }
  chmodSync(upper, 0o755);
  linkSync(join(upper, 'd/a'), join(upper, 'd/h'));
  symlinkSync('d/a', join(upper, 'link'));
  lutimesSync(join(upper, 'link'), MTIME, MTIME);
  for (const name of [...NAMES].reverse()) {
    if (name.endsWith('/')) chmodSync(join(upper, name), 0o755);
    if (name !== 'link') utimesSync(join(upper, name), MTIME, MTIME);
  }
}

/** As a list, since not everybody can give files to root. */
function entries(): LayerEntry[] {
  return NAMES.map((name) => {
    const path = Buffer.from(name.replace(/\/$/, ''));
    return { kind: 'file', from: path, to: path, uid: 0, gid: 0 };
  });
}

suite('the bytes of a layer', (test) => {
  for (const compression of ['none', 'zstd', 'gzip'] as const) {
    test(`${compression}: the digests written down, at any concurrency`, () =>
      withTempDir(async (directory) => {
        if (compression === 'gzip' && process.versions.zlib !== ZLIB)
          skip(`the digest is of zlib ${ZLIB}, this is ${process.versions.zlib}`);
        const upper = join(directory, 'upper');
        writeTree(upper);
        const list = entries();
        const results = await withDirectoryFd(upper, (fd) =>
          Promise.all(
            Array.from({ length: 4 }, (_, number) => {
              const file = join(directory, `blob-${number}`);
              // Neither the order of a list nor what else is compressed meanwhile matters.
              const shuffled = number % 2 === 0 ? list : [...list].reverse();
              return writeLayer({ upper: fd, entries: shuffled, overlayXattrs: 'user', compression, file, parentRoot: ROOT }).written;
            }),
          ),
        );
        for (const result of results) {
          assert.is(result.diffId, DIFF_ID);
          assert.is(result.digest, BLOBS[compression]);
        }
        if (compression === 'gzip') assert.is(`sha256:${sha256(gunzipSync(readFileSync(join(directory, 'blob-0'))))}`, DIFF_ID);
      }));
  }

  test('the tree as a whole gives the same as its list', () =>
    withTempDir(async (directory) => {
      if (process.getuid?.() !== 0) skip('needs files that belong to root');
      const upper = join(directory, 'upper');
      writeTree(upper);
      const layer = await withDirectoryFd(
        upper,
        (fd) =>
          writeLayer({ upper: fd, overlayXattrs: 'user', compression: 'none', file: join(directory, 'blob'), parentRoot: ROOT }).written,
      );
      assert.is(layer.diffId, DIFF_ID);
    }));

  test('GNU tar writes the same tar', () =>
    withTempDir(async (directory) => {
      const upper = join(directory, 'upper');
      writeTree(upper);
      if (!spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU tar')) skip('tar here is not GNU tar');
      const names = join(directory, 'names');
      writeFileSync(names, NAMES.map((name) => `${name}\n`).join(''));
      const format = ['--format=ustar', '--numeric-owner', '--owner=0', '--group=0', '--no-recursion', '--blocking-factor=1'];
      const tar = spawnSync('tar', ['-C', upper, '-c', ...format, '-T', names], { maxBuffer: 2 ** 24 });
      assert.is(tar.status, 0, tar.stderr.toString());
      assert.is(`sha256:${sha256(tar.stdout)}`, DIFF_ID);
    }));
});
