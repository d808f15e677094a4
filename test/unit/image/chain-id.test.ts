import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { chainId, imageId, parseDiffId, parseDigest } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => parseDiffId(`sha256:${digit.repeat(64)}`)) as [never, never, never];
const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

suite('image/chain-id', (test) => {
  test('chainId() of one layer is its diff id', () => {
    assert.is(chainId([a]), a);
  });

  test('chainId() of more is the digest of the one below and the diff id', () => {
    assert.is(chainId([a, b]), sha256(`${a} ${b}`));
    assert.is(chainId([a, b, c]), sha256(`${sha256(`${a} ${b}`)} ${c}`));
    assert.is.not(chainId([a, b]), chainId([b, a]));
  });

  test('chainId() of nothing is an error of the programmer', () => {
    assert.throws(
      () => chainId([]),
      (error: unknown) => error instanceof RangeError,
    );
  });

  test('imageId() is the hexadecimal part', () => {
    assert.is(imageId(parseDigest(`sha256:${'0a'.repeat(32)}`)), '0a'.repeat(32));
  });

  for (const text of [
    '',
    'sha256:',
    'sha256:0',
    `sha256:${'0A'.repeat(32)}`,
    `sha512:${'0a'.repeat(32)}`,
    `md5:${'0a'.repeat(16)}`,
    `sha256:${'0a'.repeat(32)}\n`,
  ]) {
    test(`parseDigest() refuses ${JSON.stringify(text.slice(0, 20))} of ${text.length} characters`, async () => {
      await rejects(() => parseDigest(text), { code: 'MANIFEST_INVALID' });
    });
  }
});
