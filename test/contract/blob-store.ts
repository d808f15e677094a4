import { existsSync, readFileSync, truncateSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type Digest, digestOf } from '../../src/image/index.js';
import type { BlobStore } from '../../src/store/index.js';
import { rejects } from '../support/rejects.js';
import { suite } from '../support/suite.js';

/** What every blob store must do. `withStore` gives the body an empty one. */
export function blobStoreContract(name: string, withStore: (body: (blobs: BlobStore) => Promise<void>) => Promise<void>): void {
  const text = (value: string): Uint8Array => Buffer.from(value);
  const ref = (value: string) => ({ digest: digestOf(text(value)), size: text(value).byteLength });

  suite(name, (test) => {
    test('put() stores content under its own digest', () =>
      withStore(async (blobs) => {
        const stored = await blobs.put(chunks('hel', 'lo'));
        assert.equal(stored, ref('hello'));
        assert.ok(blobs.has(stored.digest));
        assert.is(blobs.size(stored.digest), 5);
        assert.is(Buffer.from(blobs.readAll(stored)).toString(), 'hello');
        assert.is(await textOf(blobs.open(stored)), 'hello');
      }));

    test('put() of nothing is the blob of nothing', () =>
      withStore(async (blobs) => {
        const stored = await blobs.put(chunks());
        assert.is(stored.size, 0);
        assert.is(await textOf(blobs.open(stored)), '');
      }));

    test('put() refuses content with another digest and keeps nothing', () =>
      withStore(async (blobs) => {
        await rejects(blobs.put(chunks('hellO'), ref('hello')), { code: 'DIGEST_MISMATCH' });
        assert.not(blobs.has(ref('hello').digest));
        assert.not(blobs.has(ref('hellO').digest));
      }));

    test('put() stops at the first byte too many', () =>
      withStore(async (blobs) => {
        let reads = 0;
        const endless = async function* (): AsyncGenerator<Uint8Array> {
          for (;;) {
            reads++;
            yield text('hello');
          }
        };
        await rejects(blobs.put(endless(), ref('hello')), { code: 'SIZE_MISMATCH' });
        assert.is(reads, 2);
        assert.not(blobs.has(ref('hello').digest));
      }));

    test('put() refuses content that ends early', () =>
      withStore(async (blobs) => {
        await rejects(blobs.put(chunks('hell'), ref('hello')), { code: 'SIZE_MISMATCH' });
      }));

    test('put() passes on a failure of the content and keeps nothing', () =>
      withStore(async (blobs) => {
        const failing = async function* (): AsyncGenerator<Uint8Array> {
          yield text('hel');
          throw new Error('connection lost');
        };
        await rejects(blobs.put(failing(), ref('hello')), { message: /connection lost/ });
        assert.not(blobs.has(ref('hello').digest));
      }));

    test('put() says which pieces it needs no more: each once, when its bytes are in the file', () =>
      withStore(async (blobs) => {
        const MIB = 2 ** 20;
        const pieces = Array.from({ length: 5 }, (_, at) => Buffer.alloc(0.75 * MIB, String(at)));
        const whole = Buffer.concat(pieces);
        const written: Uint8Array[] = [];
        const onWritten = (piece: Uint8Array): void => {
          written.push(piece);
          // What the store has taken must not change with it.
          piece.fill(0);
        };
        const content = async function* (): AsyncGenerator<Uint8Array> {
          yield* pieces;
        };
        const stored = await blobs.put(content(), { digest: digestOf(whole), size: whole.length }, { onWritten });
        assert.equal(
          written.map((piece) => pieces.findIndex((given) => given === piece)),
          [0, 1, 2, 3, 4],
        );
        assert.ok(Buffer.from(blobs.readAll(stored, 8 * MIB)).equals(whole));
      }));

    test('put() keeps one blob when two writers race', () =>
      withStore(async (blobs) => {
        let reads = 0;
        const content = async function* (): AsyncGenerator<Uint8Array> {
          reads++;
          yield text('hello');
        };
        const both = await Promise.all([blobs.put(content(), ref('hello')), blobs.put(content(), ref('hello'))]);
        assert.equal(both, [ref('hello'), ref('hello')]);
        assert.is(reads, 1);
      }));

    test('put() takes over when the writer it waited for fails', () =>
      withStore(async (blobs) => {
        const [first, second] = await Promise.allSettled([
          blobs.put(chunks('wrong'), ref('hello')),
          blobs.put(chunks('hello'), ref('hello')),
        ]);
        assert.is(first.status, 'rejected');
        assert.is(second.status, 'fulfilled');
        assert.ok(blobs.has(ref('hello').digest));
      }));

    test('put() knows sha512', () =>
      withStore(async (blobs) => {
        // printf hello | sha512sum
        const digest =
          'sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043' as Digest;
        await blobs.put(chunks('hello'), { digest, size: 5 });
        assert.is(await textOf(blobs.open({ digest, size: 5 })), 'hello');
        await rejects(blobs.put(chunks('hellO'), { digest: digest.replace('9b', '9c') as Digest, size: 5 }), { code: 'DIGEST_MISMATCH' });
      }));

    test('reading a blob that is not there', () =>
      withStore(async (blobs) => {
        const missing = ref('missing');
        assert.not(blobs.has(missing.digest));
        await rejects(() => blobs.readAll(missing), { code: 'BLOB_NOT_FOUND' });
        await rejects(textOf(blobs.open(missing)), { code: 'BLOB_NOT_FOUND' });
        await rejects(() => blobs.size(missing.digest), { code: 'BLOB_NOT_FOUND' });
      }));

    test('reading a damaged blob', () =>
      withStore(async (blobs) => {
        const { writeFileSync } = await import('node:fs');
        const stored = await blobs.putBytes(text('hello'));
        writeFileSync(blobs.path(stored.digest), 'hellO');
        await rejects(() => blobs.readAll(stored), { code: 'DIGEST_MISMATCH' });
        await rejects(textOf(blobs.open(stored)), { code: 'DIGEST_MISMATCH' });
      }));

    test('a blob cut short counts as absent and is written again', () =>
      withStore(async (blobs) => {
        const stored = await blobs.putBytes(text('hello'));
        truncateSync(blobs.path(stored.digest), 2);
        assert.not(blobs.has(stored.digest, stored.size));
        await blobs.put(chunks('hello'), stored);
        assert.is(await textOf(blobs.open(stored)), 'hello');
      }));

    test('readAll() has a limit', () =>
      withStore(async (blobs) => {
        const stored = await blobs.putBytes(text('hello'));
        await rejects(() => blobs.readAll(stored, 4), { code: 'SIZE_MISMATCH' });
      }));

    test('adopt() takes a finished file in', () =>
      withStore(async (blobs) => {
        const { writeFileSync } = await import('node:fs');
        for (let round = 0; round < 2; round++) {
          const file = await blobs.tempFile();
          writeFileSync(file, 'hello');
          blobs.adopt(file, ref('hello'));
          assert.not(existsSync(file));
          assert.is(readFileSync(blobs.path(ref('hello').digest), 'utf8'), 'hello');
        }
      }));
  });
}

async function* chunks(...values: string[]): AsyncGenerator<Uint8Array> {
  for (const value of values) yield Buffer.from(value);
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString();
}
