import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { isArchive } from '../../../src/layers/index.js';
import { skip, suite } from '../../support/suite.js';
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
    ['bzip2, of which there is no more', Buffer.from('BZh91AY&SY'), 'bzip2'],
    ['xz, of which there is no more', Buffer.from('fd377a585a0000', 'hex'), 'xz'],
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

  for (const program of ['bzip2', 'xz'] as const) {
    test(`isArchive() looks into what ${program} holds, as far as its first block`, async () => {
      let read = 0;
      const of = async (bytes: Uint8Array) => {
        const { stdout, error } = spawnSync(program, ['-c'], { input: bytes, maxBuffer: 2 ** 26 });
        if (error !== undefined) skip(`needs the program "${program}"`);
        return isArchive(stdout.subarray(0, 100), async function* () {
          for (let at = 0; at < stdout.length; at += 65536) {
            read++;
            yield stdout.subarray(at, at + 65536);
          }
        });
      };
      assert.is(await of(Buffer.from('only a text'.repeat(100))), undefined);
      assert.is(await of(TAR), program);
      read = 0;
      // Random bytes stay as long as they are.
      assert.is(await of(tarOf([{ name: 'large', data: randomBytes(2 ** 22) }])), program);
      assert.ok(read < 48, `${read} parts of 64 were read`);
    });
  }
});
