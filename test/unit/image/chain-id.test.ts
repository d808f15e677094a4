import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { chainId, type DiffId, digestOf, imageId } from '../../../src/image/index.js';
import { suite } from '../../support/suite.js';

const [a, b, c] = ['a', 'b', 'c'].map((text) => digestOf(text) as string as DiffId) as [DiffId, DiffId, DiffId];
const hash = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

suite('chainId()', (test) => {
  test('of one layer is its diff id', () => assert.is(chainId([a]), a));
  test('of more hashes them one onto the other', () => assert.is(chainId([a, b, c]), hash(`${hash(`${a} ${b}`)} ${c}`)));
  test('depends on the order', () => assert.is.not(chainId([a, b]), chainId([b, a])));
  test('of none is a mistake', () =>
    assert.throws(
      () => chainId([]),
      (error: unknown) => error instanceof RangeError,
    ));
});

suite('imageId()', (test) => {
  test('is the hexadecimal part', () => assert.is(`sha256:${imageId(digestOf('x'))}`, digestOf('x')));
});
