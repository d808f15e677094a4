import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { type Digest, digestOf, readVerified, verify } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const content = Buffer.from('hello, layers\n');
const expected = { digest: digestOf(content), size: content.length };

/** What a consumer receives from verify() before it ends, well or not. */
async function receive(chunks: Iterable<Uint8Array>, wanted = expected): Promise<Buffer> {
  const seen: Uint8Array[] = [];
  for await (const chunk of verify(chunks, wanted, 'registry.example.com/app')) seen.push(chunk);
  return Buffer.concat(seen);
}

suite('image/verified-stream', (test) => {
  for (const [title, chunks] of [
    ['in one piece', [content]],
    ['in many pieces, empty ones among them', [content.subarray(0, 1), Buffer.alloc(0), content.subarray(1, 7), content.subarray(7)]],
  ] as const) {
    test(`verify() passes the right bytes on ${title}`, async () => {
      assert.equal(await receive(chunks), content);
    });
  }

  test('verify() accepts empty content of size 0', async () => {
    assert.is((await receive([], { digest: digestOf(''), size: 0 })).length, 0);
  });

  test('verify() knows sha512', async () => {
    const digest = `sha512:${createHash('sha512').update(content).digest('hex')}` as Digest;
    assert.equal(await receive([content], { digest, size: content.length }), content);
    await rejects(receive([Buffer.from('hello, loyers\n')], { digest, size: content.length }), { code: 'DIGEST_MISMATCH' });
  });

  test('verify() refuses other bytes of the right number', async () => {
    const changed = Buffer.from('hello, loyers\n');
    const message = new RegExp(`registry\\.example\\.com/app: expected ${expected.digest}, got ${digestOf(changed)}`);
    await rejects(receive([changed]), { code: 'DIGEST_MISMATCH', message });
  });

  test('verify() refuses content that ends too early', async () => {
    await rejects(receive([content.subarray(0, -1)]), { code: 'SIZE_MISMATCH', message: /expected 14 bytes, got only 13/ });
  });

  test('verify() stops at the first byte too many and closes its source', async () => {
    let taken = 0;
    let closed = false;
    function* endless(): Generator<Uint8Array, void, undefined> {
      try {
        for (;;) {
          taken++;
          yield taken === 1 ? content : Buffer.from('x');
        }
      } finally {
        closed = true;
      }
    }
    await rejects(receive(endless()), { code: 'SIZE_MISMATCH', message: /expected 14 bytes, got more/ });
    assert.is(taken, 2);
    assert.ok(closed);
  });

  test('verify() closes its source when the consumer stops early', async () => {
    let closed = false;
    function* source(): Generator<Uint8Array, void, undefined> {
      try {
        yield content.subarray(0, 1);
        yield content.subarray(1);
      } finally {
        closed = true;
      }
    }
    for await (const _ of verify(source(), expected, 'here')) break;
    assert.ok(closed);
  });

  test('verify() passes a failure of its source on', async () => {
    function* broken(): Generator<Uint8Array, void, undefined> {
      yield content.subarray(0, 3);
      throw Object.assign(new Error('read failed'), { code: 'EIO' });
    }
    await rejects(receive(broken()), { code: 'EIO' });
  });

  test('readVerified() gives all bytes', async () => {
    assert.equal(await readVerified([content], expected, { origin: 'here', maxBytes: 14 }), content);
  });

  test('readVerified() refuses an announced size over the limit without reading', async () => {
    let read = false;
    function* source(): Generator<Uint8Array, void, undefined> {
      read = true;
      yield content;
    }
    const huge = { digest: expected.digest, size: 2 ** 52 };
    await rejects(readVerified(source(), huge, { origin: 'here', maxBytes: 1024 }), { code: 'SIZE_MISMATCH' });
    assert.not.ok(read);
  });
});
