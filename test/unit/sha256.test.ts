import * as assert from 'uvu/assert';
import { sha256Hex } from '../../src/sha256.js';
import { loadAddon, randomName } from '../../src/sys/index.js';
import { suite } from '../support/suite.js';

// FIPS 180-4's examples and, for UTF-8, `printf 'é' | sha256sum`.
const KNOWN = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['é', '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c'],
] as const;

suite('sha256Hex()', (test) => {
  test('is the same before the addon is loaded and after', () => {
    for (let count = 0; count < 2; count++) {
      for (const [text, hex] of KNOWN) {
        assert.is(sha256Hex(text), hex);
        assert.is(sha256Hex(Buffer.from(text)), hex);
        // A part of a larger buffer.
        assert.is(sha256Hex(Buffer.from(`x${text}x`).subarray(1, -1)), hex);
      }
      loadAddon();
    }
  });
});

suite('sys randomName()', (test) => {
  test('has two digits for each byte and never comes twice', () => {
    const names = Array.from({ length: 1000 }, () => randomName());
    for (const name of names) assert.match(name, /^[0-9a-f]{16}$/);
    assert.is(new Set(names).size, names.length);
    assert.is(randomName(32).length, 64);
  });

  test('refuses more than comes at once', () => {
    assert.throws(() => randomName(257));
  });
});
