import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { isArchive } from '../../../src/layers/index.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';

const TAR = tarOf([{ name: 'file', data: Buffer.alloc(200_000, 'content ') }]);

function zstd(bytes: Uint8Array): Buffer | undefined {
  const { stdout, error } = spawnSync('zstd', ['-c'], { input: bytes });
  return error === undefined ? stdout : undefined;
}

suite('layers/archive-kind', (test) => {
  const cases: readonly (readonly [title: string, head: Uint8Array | undefined, expected: string | undefined])[] = [
    ['a tar', TAR.subarray(0, 512), 'none'],
    ['a gzipped tar, cut', gzipSync(TAR).subarray(0, 400), 'gzip'],
    ['a tar in zstd', zstd(TAR), 'zstd'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'xz'],
    ['a gzipped text', gzipSync('only a text'.repeat(100)), undefined],
    ['a text in zstd', zstd(Buffer.from('only a text'.repeat(100))), undefined],
    ['a text', Buffer.from('only a text'.repeat(100)), undefined],
    ['a cut tar', TAR.subarray(0, 511), undefined],
    ['zeros', Buffer.alloc(1024), undefined],
    ['nothing', Buffer.alloc(0), undefined],
    ['damaged gzip', Buffer.from('1f8b0800ffffffffffffffffffff', 'hex'), undefined],
  ];
  for (const [title, head, expected] of cases) {
    test(`isArchive() tells ${title}`, async () => {
      if (head !== undefined) assert.is(await isArchive(head), expected);
    });
  }
});
