import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { compressionOf, compressTo, decompress } from '../../../src/layers/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const TEXT = Buffer.from('some text that repeats itself, '.repeat(20_000));

suite('layers/compression', (test) => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    test(`compressTo() and decompress() are each other's inverse (${compression}), with the same bytes for any pieces`, async () => {
      const blob = await collect(compressTo(pieces(TEXT, 1000), compression));
      assert.ok((await collect(compressTo(pieces(TEXT, 99_991), compression))).equals(blob));
      assert.is(compressionOf(blob), compression);
      for (const size of [1, 7, 65_536])
        assert.ok((await collect(decompress(pieces(blob, size), compression))).equals(TEXT), `pieces of ${size}`);
    });
  }

  for (const program of ['bzip2', 'xz'] as const) {
    test(`decompress() reads ${program} and refuses what is damaged`, async () => {
      const { stdout, error } = spawnSync(program, ['-c'], { input: TEXT });
      if (error !== undefined) skip(`needs the program "${program}"`);
      assert.is(compressionOf(stdout), program);
      assert.ok((await collect(decompress(pieces(stdout, 100), program))).equals(TEXT));
      await rejects(collect(decompress(pieces(stdout.subarray(0, -9), 100), program)), {
        code: 'ARCHIVE_INVALID',
        message: new RegExp(program),
      });
    });
  }

  test('decompress() ends its program when nobody reads on', async () => {
    const { stdout, error } = spawnSync('xz', ['-c'], { input: Buffer.alloc(50_000_000) });
    if (error !== undefined) skip('needs the program "xz"');
    for await (const part of decompress(pieces(stdout, 1000), 'xz')) {
      assert.ok(part.length > 0);
      break;
    }
  });

  test('decompress() passes an error of its source on unchanged', async () => {
    const failure = new Error('connection lost');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield gzipSync(TEXT).subarray(0, 100);
      throw failure;
    }
    for (const compression of ['gzip', 'none'] as const) assert.is(await rejects(collect(decompress(broken(), compression)), {}), failure);
  });

  test('compressTo() stops at abort', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield TEXT;
        controller.abort(new Error('enough'));
      }
    }
    await rejects(collect(compressTo(endless(), 'zstd', { signal: controller.signal })), { message: /enough/ });
  });
});
