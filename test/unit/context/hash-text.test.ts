import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { HashText } from '../../../src/context/hash-text.js';
import { suite } from '../../support/suite.js';

suite('context/hash-text', (test) => {
  for (const [title, parts] of [
    ['nothing', []],
    ['a few texts and bytes', ['a', Buffer.from([0xff, 0]), 'ü', '']],
    [
      'more than a block of small ones',
      Array.from({ length: 30_000 }, (_, index) => (index % 2 === 0 ? `é${index}` : Buffer.alloc(3, index))),
    ],
    ['a text and bytes of more than a block', ['a', 'ü'.repeat(70_000), Buffer.alloc(70_000, 7), 'b']],
  ] as [string, (string | Buffer)[]][]) {
    test(`digest() is that of ${title} one after the other`, () => {
      const hash = new HashText();
      for (const part of parts) {
        if (typeof part === 'string') hash.text(part);
        else hash.bytes(part);
      }
      const whole = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
      assert.is(hash.digest(), createHash('sha256').update(whole).digest('hex'));
    });
  }
});
