import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { type Digest, digestOf, readVerified, verify } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const content = Buffer.from('some content, in pieces');
const expected = { digest: digestOf(content), size: content.length };

function* pieces(bytes: Buffer, size = 5): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

suite('verify()', (test) => {
  test('passes the right bytes on', async () => assert.ok((await drain(verify(pieces(content), expected, 'x'))).equals(content)));
  test('minds no empty pieces', async () => {
    assert.ok((await drain(verify([Buffer.alloc(0), content, Buffer.alloc(0)], expected, 'x'))).equals(content));
  });
  test('passes a failure of its source on', async () => {
    function* broken(): Generator<Uint8Array> {
      yield content.subarray(0, 3);
      throw Object.assign(new Error('read failed'), { code: 'EIO' });
    }
    await rejects(drain(verify(broken(), expected, 'x')), { code: 'EIO' });
  });
  test('names the digest it wanted and the one it got', async () => {
    const changed = Buffer.alloc(content.length);
    await rejects(drain(verify([changed], expected, 'x')), {
      message: new RegExp(`from x: expected ${expected.digest}, got ${digestOf(changed)}`),
    });
  });
  test('accepts sha512', async () => {
    const digest = `sha512:${createHash('sha512').update(content).digest('hex')}` as Digest;
    assert.ok((await drain(verify(pieces(content), { ...expected, digest }, 'x'))).equals(content));
  });
  test('accepts no bytes where none are expected', async () => {
    assert.is((await drain(verify([], { digest: digestOf(''), size: 0 }, 'x'))).length, 0);
  });
  const wrong: readonly [title: string, bytes: Buffer, code: string][] = [
    ['one bit flipped', Buffer.concat([Buffer.from([content.readUInt8(0) ^ 1]), content.subarray(1)]), 'DIGEST_MISMATCH'],
    ['one byte less', content.subarray(1), 'SIZE_MISMATCH'],
    ['one byte more', Buffer.concat([content, Buffer.from('x')]), 'SIZE_MISMATCH'],
    ['nothing', Buffer.alloc(0), 'SIZE_MISMATCH'],
  ];
  for (const [title, bytes, code] of wrong) {
    test(`refuses ${title}, and says where it came from`, () =>
      rejects(drain(verify(pieces(bytes), expected, 'registry.example')), { code, message: /registry\.example/ }));
  }
  test('flips of each byte are found', async () => {
    for (let at = 0; at < content.length; at++) {
      const bytes = Buffer.from(content);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x80, at);
      await rejects(drain(verify([bytes], expected, 'x')), { code: 'DIGEST_MISMATCH' });
    }
  });
  test('stops at the first byte too many, and closes its source', async () => {
    let given = 0;
    let closed = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) {
          given++;
          yield Buffer.alloc(10);
        }
      } finally {
        closed = true;
      }
    }
    await rejects(drain(verify(endless(), expected, 'x')), { code: 'SIZE_MISMATCH' });
    assert.is(given, 3);
    assert.ok(closed);
  });
  test('closes its source when the reader stops', async () => {
    let closed = false;
    function* source(): Generator<Uint8Array> {
      try {
        yield content;
        yield content;
      } finally {
        closed = true;
      }
    }
    for await (const _ of verify(source(), { digest: expected.digest, size: 1000 }, 'x')) break;
    assert.ok(closed);
  });
});

suite('readVerified()', (test) => {
  test('gives the bytes', async () => {
    assert.ok(Buffer.from(await readVerified(pieces(content), expected, { origin: 'x', maxBytes: 100 })).equals(content));
  });
  test('refuses an announced size over the limit before it reads', async () => {
    let asked = false;
    function* source(): Generator<Uint8Array> {
      asked = true;
      yield content;
    }
    await rejects(readVerified(source(), { ...expected, size: 2 ** 52 }, { origin: 'x', maxBytes: 10 }), { code: 'SIZE_MISMATCH' });
    assert.is(asked, false);
  });
});
