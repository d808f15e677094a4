import * as assert from 'uvu/assert';
import { encodeJson, sortKeys } from '../../../src/image/index.js';
import { suite } from '../../support/suite.js';

suite('encodeJson()', (test) => {
  test('writes UTF-8 without white space, in the order given, without undefined', () => {
    const text = Buffer.from(encodeJson({ b: 1, a: 'é<&>', c: undefined, d: [null] })).toString('utf8');
    assert.is(text, '{"b":1,"a":"é<&>","d":[null]}');
  });
  test('escapes what UTF-8 cannot hold', () => assert.is(Buffer.from(encodeJson('\ud800')).toString('utf8'), '"\\ud800"'));
});

suite('sortKeys()', (test) => {
  test('sorts by code unit, not by locale', () => assert.equal(Object.keys(sortKeys({ b: 1, a: 1, B: 1, ä: 1 })), ['B', 'a', 'b', 'ä']));
  test('keeps __proto__ an ordinary key', () => {
    const sorted = sortKeys(JSON.parse('{"__proto__":"x","a":"y"}') as Record<string, string>);
    assert.equal(Object.keys(sorted), ['__proto__', 'a']);
  });
});
