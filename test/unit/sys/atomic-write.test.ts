import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { atomicWriteFile } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('sys atomicWriteFile()', (test) => {
  test('creates and replaces, with the mode asked for', () =>
    withTempDir((directory) => {
      const file = join(directory, 'file');
      const previous = process.umask(0o077);
      atomicWriteFile(file, Buffer.from('one'));
      assert.is(statSync(file).mode & 0o777, 0o644);
      atomicWriteFile(file, Buffer.from('two'), { mode: 0o600, fsync: true });
      process.umask(previous);
      assert.is(statSync(file).mode & 0o777, 0o600);
      assert.is(readFileSync(file, 'utf8'), 'two');
      assert.equal(readdirSync(directory), ['file']);
    }));

  test('leaves nothing behind when it fails', () =>
    withTempDir(async (directory) => {
      mkdirSync(join(directory, 'taken'));
      writeFileSync(join(directory, 'taken/file'), '');
      await rejects(() => atomicWriteFile(join(directory, 'taken'), Buffer.from('x')), { code: 'EISDIR' });
      await rejects(() => atomicWriteFile(join(directory, 'none/file'), Buffer.from('x')), { code: 'ENOENT' });
      assert.equal(readdirSync(directory), ['taken']);
    }));
});
