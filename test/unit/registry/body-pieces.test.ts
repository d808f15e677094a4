import { PassThrough, Readable } from 'node:stream';
import * as assert from 'uvu/assert';
import { piecesOf } from '../../../src/registry/body-pieces.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const texts = ['one', 'two', 'three', 'four'];

suite('piecesOf()', (test) => {
  test('gives each piece as it came, those that had to wait as well', async () => {
    const body = new PassThrough();
    const pieces = texts.map((text) => Buffer.from(text));
    for (const piece of pieces) body.write(piece);
    body.end();
    const seen: Uint8Array[] = [];
    for await (const piece of piecesOf(body)) seen.push(piece);
    assert.is(seen.length, pieces.length);
    for (const [at, piece] of pieces.entries()) assert.ok(seen[at] === piece, texts[at]);
  });

  test('gives nothing of an empty body', async () => {
    for await (const piece of piecesOf(Readable.from([]))) assert.unreachable(String(piece));
  });

  test('fails as the body does, after what had come', async () => {
    const body = new PassThrough();
    body.write('one');
    const pieces = piecesOf(body);
    assert.is(String((await pieces.next()).value), 'one');
    body.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await rejects(pieces.next(), { code: 'ECONNRESET' });
  });

  test('fails when the body is closed before its end', async () => {
    const body = new PassThrough();
    body.write('one');
    const pieces = piecesOf(body);
    await pieces.next();
    body.destroy();
    await rejects(pieces.next(), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  test('asks a body for no more than a few pieces while nobody takes them', async () => {
    let made = 0;
    const body = new Readable({
      highWaterMark: 1,
      read() {
        made++;
        this.push(Buffer.from('x'));
      },
    });
    const pieces = piecesOf(body);
    for (let taken = 0; taken < 10; taken++) await pieces.next();
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(made < 20, String(made));
    await pieces.return();
  });

  test('destroys a body that is not read to its end', async () => {
    const body = new PassThrough();
    body.write('one');
    for await (const piece of piecesOf(body)) {
      assert.is(String(piece), 'one');
      break;
    }
    assert.ok(body.destroyed);
  });
});
