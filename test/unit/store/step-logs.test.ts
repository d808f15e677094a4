import { readFileSync, statSync } from 'node:fs';
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
});
