import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { chooseDriver, isOlderThan } from '../../../src/snapshots/choose-driver.js';
import { openSnapshots } from '../../../src/snapshots/index.js';
import { suite } from '../../support/suite.js';
import { withStore } from '../store/with-store.js';

suite('chooseDriver()', (test) => {
  test('an overlay where one works, which is remembered', () =>
    withStore(async (store) => {
      store.ensureLayout();
      assert.equal(await chooseDriver(store), { driver: 'overlay' });
      const record = join(store.root, 'storage-driver');
      const expected = `overlay on ${statfsSync(store.root).type.toString(16)} with Linux ${release()}\n`;
      // Who may not mount anything learns nothing, and assumes the best.
      if (existsSync(record)) assert.is(readFileSync(record, 'utf8'), expected);
      writeFileSync(record, 'overlay on another kernel\n');
      assert.equal(await chooseDriver(store), { driver: 'overlay' });
    }));

  test('openSnapshots() takes what it is told', () =>
    withStore(async (store) => {
      store.ensureLayout();
      for (const driver of ['vfs', 'overlay'] as const) assert.is((await openSnapshots(store, { driver })).kind, driver);
    }));

  test('isOlderThan()', () => {
    assert.ok(isOlderThan('5.10.0-28-amd64', [5, 11]));
    assert.ok(isOlderThan('4.19.0', [5, 11]));
    assert.not(isOlderThan('5.11.0', [5, 11]));
    assert.not(isOlderThan('6.1.0', [5, 11]));
  });
});
