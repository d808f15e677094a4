import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

const NAME = 'a'.repeat(64);

suite('store/work-locks', (test) => {
  test('lockWork() lets one in, and tells the next that it waited', () =>
    withStore(async (store) => {
      const first = await store.lockWork(NAME);
      assert.is(first.waited, false);
      let told = 0;
      const second = store.lockWork(NAME, { onWait: () => told++ });
      const other = await store.lockWork('b'.repeat(64));
      assert.equal([told, other.waited], [1, false]);
      first.release();
      assert.is((await second).waited, true);
      (await second).release();
      other.release();
    }));

  test('who waits can give up', () =>
    withStore(async (store) => {
      const first = await store.lockWork(NAME);
      const abort = new AbortController();
      const second = store.lockWork(NAME, { signal: abort.signal });
      abort.abort(new Error('enough'));
      const failure = await second.catch((error: Error) => error.message);
      assert.is(failure, 'enough');
      first.release();
      assert.is((await store.lockWork(NAME)).waited, false);
    }));

  test('a collection removes the files', () =>
    withStore(async (store) => {
      (await store.lockWork(NAME)).release();
      const file = join(store.root, 'cache/locks', NAME);
      assert.ok(existsSync(file));
      await store.collect();
      assert.not.ok(existsSync(file));
    }));

  test('refuses names that are no digests', () =>
    withStore(async (store) => {
      const failure = await store.lockWork('../x').catch((error: Error) => error.message);
      assert.match(String(failure), /Not the digits/);
    }));
});
