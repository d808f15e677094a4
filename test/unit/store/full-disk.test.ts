import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

suite('a full file system', (test) => {
  test('is an error that names path and space, and leaves name and blobs as they were', () =>
    withTempDir((directory) => {
      // A mount of our own in a namespace of our own: it goes with the process.
      const script = 'mount -t tmpfs -o size=400k tmpfs "$1" && exec "$2" "$3" "$1"';
      const worker = join(import.meta.dirname, 'full-disk-worker.js');
      const { status, stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', directory, process.execPath, worker], {
        encoding: 'utf8',
      });
      if (/unshare|mount/.test(stderr) && stdout === '') skip(`no tmpfs in a user namespace: ${stderr.trim()}`);
      assert.is(status, 0, stderr);
      const result = JSON.parse(stdout);
      assert.is(result.code, 'STORE_FULL');
      assert.match(result.message, /Cannot write ".*": no space left on its file system \([0-9]+ bytes free\)/);
      assert.is(result.publishCode, 'STORE_FULL');
      assert.equal(result.names, ['localhost/app:latest']);
      assert.equal(result.problems, []);
      assert.equal(result.left, []);
    }));
});
