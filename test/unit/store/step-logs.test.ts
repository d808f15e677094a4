import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

suite('store/step-logs', (test) => {
  test('a log has no file before the first write, then all of it, for its owner alone', () =>
    withStore(async (store) => {
      const log = store.openStepLog();
      assert.is(log.path, undefined);
      log.write(Buffer.from('one\n'));
      log.write(Buffer.from('two\n'));
      log.close();
      const path = log.path ?? '';
      assert.is(readFileSync(path, 'utf8'), 'one\ntwo\n');
      assert.is(statSync(path).mode & 0o777, 0o600);
    }));

  test('what a log cannot write down, it forgets, and the command goes on', () =>
    withStore(async (store, directory) => {
      mkdirSync(join(directory, 'root'), { recursive: true });
      writeFileSync(join(directory, 'root/logs'), 'a file in the way of the directory');
      const log = store.openStepLog();
      log.write(Buffer.from('one\n'));
      log.write(Buffer.from('two\n'));
      log.close();
      assert.is(log.path, undefined);
    }));
});
