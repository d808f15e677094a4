import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { GzipBlocks } from '../../../src/layers/gzip-blocks.js';
import { suite } from '../../support/suite.js';

const MIB = 1024 * 1024;

async function gzip(bytes: Uint8Array, pieceBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const blocks = new GzipBlocks(undefined, (part) => parts.push(Buffer.from(part)));
  for (let at = 0; at < bytes.length; at += pieceBytes) await blocks.write(bytes.subarray(at, at + pieceBytes));
  await blocks.end();
  return Buffer.concat(parts);
}

/** Text that deflate can shorten, different everywhere. */
function text(bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  for (let at = 0, line = 0; at < bytes; line++) at += out.write(`line ${line} of ${(line * 2654435761) % 1000}\n`, at);
  return out;
}

suite('layers/gzip-blocks', (test) => {
  for (const [title, size] of [
    ['nothing', 0],
    ['one byte', 1],
    ['one block', MIB],
    ['a block and a byte', MIB + 1],
    ['several blocks', 3 * MIB + 12345],
  ] as const) {
    test(`GzipBlocks makes one member of ${title}, whatever the pieces`, async () => {
      const input = text(size);
      const whole = await gzip(input, Math.max(1, size));
      assert.ok(gunzipSync(whole).equals(input));
      assert.ok((await gzip(input, 300_007)).equals(whole));
      // RFC 1952: magic, deflate, no flags, time 0, no extra flags, unknown system.
      assert.is(whole.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
      assert.is(whole.readUInt32LE(whole.length - 4), size);
      const { status, stdout, error } = spawnSync('gzip', ['-dc'], { input: whole, maxBuffer: 10 * MIB });
      if (error === undefined) assert.ok(status === 0 && stdout.equals(input));
    });
  }

  test('GzipBlocks lets each block look back into the one before', async () => {
    const block = text(MIB);
    const repeated = Buffer.concat([block, block.subarray(MIB - 20_000)]);
    const gain = (await gzip(repeated, MIB)).length - (await gzip(block, MIB)).length;
    assert.ok(gain < 300, `20 kB that stand just before cost ${gain} bytes`);
  });
});
