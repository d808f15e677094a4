import * as assert from 'uvu/assert';
import { codePointsOf, showName } from '../../../src/context/name-bytes.js';
import { suite } from '../../support/suite.js';

suite('context/name-bytes', (test) => {
  for (const [bytes, expected] of [
    [[0x61], [0x61]],
    [
      [0xc3, 0xa9, 0x62],
      [0xe9, 0x62],
    ],
    [[0xe2, 0x98, 0xba], [0x263a]],
    [[0xf0, 0x9f, 0x98, 0x80], [0x1f600]],
    // Not UTF-8: each byte by itself (RFC 3629 section 4)
    [[0xff], [0xdcff]],
    [
      [0xc0, 0x80],
      [0xdcc0, 0xdc80],
    ],
    [
      [0xe0, 0x80, 0x80],
      [0xdce0, 0xdc80, 0xdc80],
    ],
    [
      [0xed, 0xa0, 0x80],
      [0xdced, 0xdca0, 0xdc80],
    ],
    [
      [0xf4, 0x90, 0x80, 0x80],
      [0xdcf4, 0xdc90, 0xdc80, 0xdc80],
    ],
    [
      [0xe2, 0x98],
      [0xdce2, 0xdc98],
    ],
  ] as const) {
    test(`codePointsOf() ${Buffer.from(bytes).toString('hex')}`, () => assert.equal(codePointsOf(Uint8Array.from(bytes)), [...expected]));
  }

  test('showName() escapes what a terminal must not get', () => {
    assert.is(showName(Buffer.from('a\n\x1b[31mé')), 'a\\x0a\\x1b[31mé');
    assert.is(showName(Buffer.from([0x61, 0xff])), 'a\\xff');
  });
});
