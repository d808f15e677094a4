import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseStrictJson } from '../../../src/image/strict-json.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const read = (text: string | Buffer) => parseStrictJson(Buffer.from(text as string), 'document', 1 << 20);

const refused: readonly [title: string, text: string | Buffer, problem: RegExp][] = [
  ['a key twice', '{"a":1,"a":2}', /"a" occurs twice/],
  ['a key twice, one escaped', '{"a":1,"\\u0061":2}', /"a" occurs twice/],
  ['a key twice, deep', '[{"x":[{"k":{},"k":[]}]}]', /"k" occurs twice/],
  ['a key twice after a nested object', '{"a":{"b":1},"c":2,"a":3}', /"a" occurs twice/],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}', /occurs twice/],
  ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
  ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /UTF-8/],
  ['UTF-8 surrogates', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
  ['a byte order mark', '\ufeff{}', /JSON/],
  ['a comment', '{/**/}', /JSON/],
  ['two documents', '{}{}', /JSON/],
  ['nothing', '', /JSON/],
  ['a trailing comma', '[1,]', /JSON/],
  ['a number too large for any reader', '[{"a":1e999}]', /too large/],
  ['a number of 400 digits', `-${'9'.repeat(400)}`, /too large/],
  ['great depth', '['.repeat(100) + ']'.repeat(100), /nested/],
];

suite('parseStrictJson()', (test) => {
  for (const [title, text, message] of refused) {
    test(`refuses ${title}`, () => rejects(() => read(text), { code: 'MANIFEST_INVALID', message }));
  }
  test('refuses too many bytes before looking at them', () =>
    rejects(() => parseStrictJson(Buffer.alloc(11), 'document', 10), {
      code: 'MANIFEST_INVALID',
      message: /11 bytes and the limit is 10/,
    }));
  test('survives very great depth', () => rejects(() => read('['.repeat(500_000)), { code: 'MANIFEST_INVALID' }));
  test('accepts equal keys in different objects, and values that look like keys', () => {
    assert.equal(read('{"a":{"a":"a"},"b":["a","a",{"a":"\\"a\\":"}]}'), { a: { a: 'a' }, b: ['a', 'a', { a: '"a":' }] });
  });
  test('leaves null members out, at every depth, and keeps them in lists', () => {
    assert.equal(read('{"a":null,"b":{"c":null,"d":[null,{"e":null}]}}'), { b: { d: [null, {}] } });
  });
  test('gives __proto__ no power', () => {
    const value = read('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    assert.is(value.polluted, undefined);
    assert.is(({} as Record<string, unknown>).polluted, undefined);
  });
  test('agrees with JSON.parse on values without null', () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).node;
    fc.assert(fc.property(value, (sample) => assert.equal(read(JSON.stringify(sample)), JSON.parse(JSON.stringify(sample)))));
  });
});
