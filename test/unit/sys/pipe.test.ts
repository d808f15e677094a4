import { readSync, writeSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { closeFd, pipe } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';

suite('sys pipe()', (test) => {
  test('carries bytes and ends when the writing end is closed', () => {
    const { readEnd, writeEnd } = pipe();
    writeSync(writeEnd, 'hello');
    closeFd(writeEnd);
    const buffer = Buffer.alloc(16);
    assert.is(readSync(readEnd, buffer), 5);
    assert.is(readSync(readEnd, buffer), 0);
    assert.is(buffer.toString('utf8', 0, 5), 'hello');
    closeFd(readEnd);
  });
});
