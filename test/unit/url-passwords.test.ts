import * as assert from 'uvu/assert';
import { maskPasswords, withoutPassword, withoutPasswords } from '../../src/url-passwords.js';
import { suite } from '../support/suite.js';

suite('url-passwords', (test) => {
  for (const [text, without, masked] of [
    ['ADD https://u:p@h/x /', 'ADD https://h/x /', 'ADD https://***@h/x /'],
    ['a http://u@h b git+ssh://t:@h', 'a http://h b git+ssh://h', 'a http://*@h b git+ssh://**@h'],
    ['https://u:p@ss@h/x', 'https://h/x', 'https://******@h/x'],
    ['https://h/x@y', 'https://h/x@y', 'https://h/x@y'],
    ['"https://h" u@h', '"https://h" u@h', '"https://h" u@h'],
    ['https://h?a@b https://h#a@b', 'https://h?a@b https://h#a@b', 'https://h?a@b https://h#a@b'],
  ] as const) {
    test(`withoutPasswords() of ${text}`, () => assert.is(withoutPasswords(text), without));
    test(`maskPasswords() of ${text}`, () => assert.is(maskPasswords(text), masked));
  }

  test('withoutPassword() takes out all before the last @ of the host', () => {
    assert.is(withoutPassword('https://user:p@ss@example.com/a'), 'https://example.com/a');
  });
});
