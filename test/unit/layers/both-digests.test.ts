import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { decompress } from '../../../src/layers/compression.js';
import { applyLayer, writeLayer } from '../../../src/layers/index.js';
import { contentDigestOf, makeDirectory, sha256, withDirectoryFd } from '../../support/layer-tree.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const ROOT = { mode: 0o755, ...ME };
const BLOCK = 256 * 1024;
/** Around the blocks of SHA-256, of a tar, and of the ring between the threads; alone, and behind others that shift them. */
const SIZES = [0, 1, 63, 64, 65, 511, 512, 513, BLOCK - 513, BLOCK - 512, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77];

const bytesOf = (size: number): Buffer => Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
const nameOf = (index: number): string => `f${String(index).padStart(2, '0')}`;

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return parts;
}

suite('layers both digests', (test) => {
  for (const sizes of [...SIZES.map((size) => [size]), SIZES]) {
    const title = sizes.length === 1 ? `a file of ${sizes[0]} bytes` : 'files of all these sizes';
    const expected = {
      contentDigest: `sha256:${contentDigestOf(sizes.map((size, index) => ({ type: 'f', path: nameOf(index), mode: 0o644, ...ME, content: bytesOf(size) })))}`,
    };

    test(`of ${title} are right when it is written`, () =>
      withTempDir(async (directory) => {
        const upper = makeDirectory(join(directory, 'upper'));
        for (const [index, size] of sizes.entries()) writeFileSync(join(upper, nameOf(index)), bytesOf(size), { mode: 0o644 });
        const layer = await withDirectoryFd(
          upper,
          (fd) =>
            writeLayer({ upper: fd, overlayXattrs: 'user', compression: 'none', file: join(directory, 'blob'), parentRoot: ROOT }).written,
        );
        assert.is(layer.contentDigest as string, expected.contentDigest);
        // The blob is the tar, and its digest comes from Node here.
        const digest = `sha256:${sha256(readFileSync(join(directory, 'blob')))}`;
        assert.is(layer.diffId as string, digest);
        assert.is(layer.digest as string, digest);
      }));

    test(`of ${title} are right when it is extracted`, () =>
      withTempDir(async (directory) => {
        const tar = tarOf(sizes.map((size, index) => ({ name: nameOf(index), mode: 0o644, ...ME, data: bytesOf(size) })));
        const target = makeDirectory(join(directory, 'target'));
        const layer = await withDirectoryFd(target, (fd) =>
          applyLayer({ blob: chunksOf(tar, 70_001), compression: 'none', target: fd, whiteouts: 'overlay-user', lowers: [] }),
        );
        assert.is(layer.contentDigest as string, expected.contentDigest);
        assert.is(layer.diffId as string, `sha256:${sha256(tar)}`);
      }));
  }

  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    test(`and that of the blob are right when tar and blob (${compression}) are longer than what is held in memory`, () =>
      withTempDir(async (directory) => {
        const noise = Buffer.concat(Array.from({ length: 9_000 }, (_, index) => createHash('sha512').update(`${index}`).digest()));
        const regular = bytesOf(700_000);
        const contents = Array.from({ length: 8 }, (_, index) => Buffer.concat([noise.subarray(index), regular, noise]));
        const upper = makeDirectory(join(directory, 'upper'));
        for (const [index, content] of contents.entries()) writeFileSync(join(upper, nameOf(index)), content, { mode: 0o644 });
        const file = join(directory, 'blob');
        const layer = await withDirectoryFd(
          upper,
          (fd) => writeLayer({ upper: fd, overlayXattrs: 'user', compression, file, parentRoot: ROOT }).written,
        );
        const blob = readFileSync(file);
        assert.is(layer.digest as string, `sha256:${sha256(blob)}`);
        assert.is(layer.size, blob.length);
        const tar = Buffer.concat(await all(decompress(chunksOf(blob, 1 << 20), compression)));
        assert.is(layer.diffId as string, `sha256:${sha256(tar)}`);
        const entries = contents.map((content, index) => ({ type: 'f' as const, path: nameOf(index), mode: 0o644, ...ME, content }));
        assert.is(layer.contentDigest as string, `sha256:${contentDigestOf(entries)}`);
      }));
  }
});
