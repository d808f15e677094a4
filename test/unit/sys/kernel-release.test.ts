import { release } from 'node:os';
import * as assert from 'uvu/assert';
import { kernelRelease } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';

suite('sys kernelRelease()', (test) => {
  test('is what uname says', () => {
    assert.is(kernelRelease(), release());
  });
});
