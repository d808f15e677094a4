import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readScan } from '../../../../src/operations/sbom/read-scan.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

suite('readScan()', (test) => {
  test('reads a file, and tells when there is none', () =>
    withTempDir((directory) => {
      writeFileSync(join(directory, 'list'), '{}');
      assert.equal(readScan(join(directory, 'list')), Buffer.from('{}'));
      assert.is(readScan(join(directory, 'missing')), 'it wrote nothing to {OUTPUT}');
    }));

  test('takes neither what a link leads to, nor what is no file', () =>
    withTempDir((directory) => {
      writeFileSync(join(directory, 'list'), '{}');
      symlinkSync(join(directory, 'list'), join(directory, 'link'));
      execFileSync('mkfifo', [join(directory, 'pipe')]);
      for (const name of ['link', 'pipe', '.'])
        assert.is(readScan(join(directory, name)), 'what it left at {OUTPUT} is no regular file', name);
    }));

  test('takes no file without end', () =>
    withTempDir((directory) => {
      writeFileSync(join(directory, 'long'), '');
      truncateSync(join(directory, 'long'), 2 ** 40);
      assert.is(readScan(join(directory, 'long')), 'it wrote more than 268435456 bytes to {OUTPUT}');
    }));
});
