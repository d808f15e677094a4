import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants as fsConstants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { extractArchive } from '../../../src/layers/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

/** An archive of one file, as GNU tar writes it. */
function archiveOf(directory: string, content: Uint8Array): Buffer {
  writeFileSync(join(directory, 'file'), content);
  const { stdout } = spawnSync('tar', ['-C', directory, '-c', 'file'], { maxBuffer: 2 ** 27 });
  return stdout;
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function extracted(directory: string, compressed: Uint8Array, pieceBytes: number): Promise<Buffer> {
  const target = join(directory, 'target');
  mkdirSync(target, { recursive: true });
  const fd = openSync(target, fsConstants.O_RDONLY | fsConstants.O_DIRECTORY);
  try {
    await extractArchive({ source: pieces(compressed, pieceBytes), compression: 'gzip', target: fd, prefix: Buffer.alloc(0) });
  } finally {
    closeSync(fd);
  }
  return readFileSync(join(target, 'file'));
}

/** Fields of RFC 1952 section 2.3 that gzip(1) does not write together: extra bytes, name, comment, and the header's own checksum. */
function withEveryField(member: Buffer): Buffer {
  const fields = Buffer.concat([Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name\0'), Buffer.from('comment\0')]);
  const header = Buffer.concat([member.subarray(0, 3), Buffer.from([2 | 4 | 8 | 16]), member.subarray(4, 10), fields]);
  // The CRC-32 of the header, by gzip itself: the trailer of a member that holds it.
  const sum = gzipSync(header).subarray(-8, -6);
  return Buffer.concat([header, sum, member.subarray(10)]);
}

const WORDS = Buffer.from('a text that repeats itself now and then, and then it does not; '.repeat(4000));
const CONTENTS = {
  text: WORDS,
  'random bytes': randomBytes(300_000),
  nothing: Buffer.alloc(0),
  'one byte, over and over': Buffer.alloc(1_000_000, 'x'),
  // Matches of each short distance, which are copied in their own way.
  'short periods': Buffer.concat(
    Array.from({ length: 40 }, (_, period) => Buffer.alloc(3000, Buffer.from(Array.from({ length: period + 1 }, (__, i) => i)))),
  ),
  'a mixture': Buffer.concat(Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? randomBytes(7000) : WORDS.subarray(i * 100, i * 900)))),
};

suite('layers/gunzip', (test) => {
  for (const [name, content] of Object.entries(CONTENTS)) {
    test(`the extractor reads what zlib writes at every level and strategy: ${name}`, async () => {
      await withTempDir(async (directory) => {
        const archive = archiveOf(directory, content);
        const kinds = [
          ...[0, 1, 3, 6, 9].map((level) => ({ level })),
          ...[constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED].map((strategy) => ({ strategy })),
          { windowBits: 9, memLevel: 1 },
        ];
        for (const [at, options] of kinds.entries()) {
          const found = await extracted(directory, gzipSync(archive, options), [65_536, 999, 4096][at % 3]!);
          assert.ok(found.equals(content), JSON.stringify(options));
        }
      });
    });
  }

  test('the extractor does not mind where its input is cut', async () => {
    await withTempDir(async (directory) => {
      const content = CONTENTS['a mixture'].subarray(0, 60_000);
      const compressed = gzipSync(archiveOf(directory, content));
      for (const size of [1, 2, 3, 5, 8, 13, 17, 31])
        assert.ok((await extracted(directory, compressed, size)).equals(content), `pieces of ${size}`);
    });
  });

  test('the extractor reads several members, empty ones and headers with every field', async () => {
    await withTempDir(async (directory) => {
      const archive = archiveOf(directory, WORDS);
      const parts = [archive.subarray(0, 700), archive.subarray(700, 700), archive.subarray(700, 100_000), archive.subarray(100_000)];
      const members = parts.map((part) => gzipSync(part));
      for (const size of [1, 100_000]) {
        assert.ok((await extracted(directory, Buffer.concat(members), size)).equals(WORDS));
        assert.ok((await extracted(directory, Buffer.concat(members.map(withEveryField)), size)).equals(WORDS));
      }
    });
  });

  const member = gzipSync(Buffer.alloc(10_240, 'content'));
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(member);
    bytes[at < 0 ? bytes.length + at : at] = value;
    return bytes;
  };
  const raw = (...bytes: number[]): Buffer => Buffer.concat([member.subarray(0, 10), Buffer.from(bytes)]);
  const broken: [string, Buffer, RegExp][] = [
    ['nothing', Buffer.alloc(0), /ends too early/],
    ['a header that is cut', member.subarray(0, 5), /ends too early/],
    ['a body that is cut', member.subarray(0, 30), /ends too early/],
    ['a trailer that is cut', member.subarray(0, -1), /ends too early/],
    ['another magic', changed(0, 0x1e), /incorrect header check/],
    ['another method', changed(2, 7), /unknown compression method/],
    ['unknown flags', changed(3, 0x80), /unknown header flags set/],
    ['a wrong header checksum', withEveryField(member).fill(0xff, 28, 30), /header crc mismatch/],
    ['another checksum', changed(-8, member.at(-8)! ^ 1), /incorrect data check/],
    ['another length', changed(-4, member.at(-4)! ^ 1), /incorrect length check/],
    ['zeros behind a member', Buffer.concat([member, Buffer.alloc(20)]), /followed by something else/],
    ['text behind a member', Buffer.concat([member, Buffer.from('text')]), /followed by something else/],
    ['a block of type 3', raw(0b111), /invalid block type/],
    ['a stored block whose lengths differ', raw(0b001, 5, 0, 5, 0), /invalid stored block lengths/],
    // Dynamic blocks, RFC 1951 section 3.2.7: final, type 2, then 5 + 5 + 4 bits of counts.
    ['31 distance codes', raw(0b101, 0x1e, 0, 0), /too many length or distance symbols/],
    ['no code lengths', raw(0b101, 0, 0, 0), /invalid code lengths set/],
    // A fixed block: the code of length 3 is 0000001, distances have 5 bits.
    ['a match before the first byte', raw(0b011 | ((0b1000000 << 3) % 256), 0b0000010, 0, 0), /invalid distance too far back/],
  ];
  for (const [what, bytes, message] of broken) {
    test(`the extractor refuses ${what}`, async () => {
      await withTempDir(async (directory) => {
        for (const size of [1, 100_000]) await rejects(extracted(directory, bytes, size), { code: 'ARCHIVE_INVALID', message });
      });
    });
  }

  test('the extractor refuses or reads what zlib refuses or reads, of damaged streams', async () => {
    await withTempDir(async (directory) => {
      const archive = archiveOf(directory, CONTENTS['short periods'].subarray(0, 20_000));
      const whole = gzipSync(archive, { level: 9 });
      for (let at = 10; at < whole.length; at += 7) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 1 << (at % 8);
        // Every bit counts for the content or its checksum.
        await rejects(extracted(directory, damaged, 512), { code: 'ARCHIVE_INVALID' });
      }
      // Blocks that end at a byte boundary, as pigz and tsbuild itself write them.
      const halves = [
        deflateRawSync(archive.subarray(0, 9000), { finishFlush: constants.Z_SYNC_FLUSH }),
        deflateRawSync(archive.subarray(9000)),
      ];
      const joined = Buffer.concat([whole.subarray(0, 10), ...halves, whole.subarray(-8)]);
      assert.ok((await extracted(directory, joined, 333)).equals(CONTENTS['short periods'].subarray(0, 20_000)));
    });
  });
});
