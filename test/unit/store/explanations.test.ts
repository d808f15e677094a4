import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { digestHex, digestOf } from '../../../src/image/index.js';
import type { SiteEntry, Store } from '../../../src/store/index.js';
import { suite } from '../../support/suite.js';
import { putSampleImage } from './sample-image.js';
import { withStore } from './with-store.js';

const SITE = ['place', '/src/Containerfile', 'build', '1'];
const SELECTION = `dir:${'a'.repeat(64)}`;

function entry(name: string, selections: SiteEntry['selections'] = {}): SiteEntry {
  return { definition: digestOf(name), parent: digestOf('parent'), text: `RUN ${name}`, selections };
}

async function putRecord(store: Store, { definition, parent }: SiteEntry): Promise<void> {
  await store.cache.put({ definition, parent, inputs: {}, result: {}, createdAt: '2026-01-01T00:00:00.000Z' });
}

suite('StepSites', (test) => {
  test('find() gives what was added to that place, the last first and each once', () =>
    withStore(async (store) => {
      assert.not(store.sites.has(SITE));
      assert.equal(store.sites.find(SITE), []);
      for (const name of ['one', 'two', 'one']) await store.sites.add(SITE, entry(name));
      assert.ok(store.sites.has(SITE));
      assert.equal(store.sites.find(SITE), [entry('one'), entry('two')]);
      assert.equal(store.sites.find([...SITE, 'x']), []);
    }));

  test('add() keeps eight', () =>
    withStore(async (store) => {
      for (let index = 0; index < 10; index++) await store.sites.add(SITE, entry(String(index)));
      assert.equal(
        store.sites.find(SITE).map(({ text }) => text),
        [9, 8, 7, 6, 5, 4, 3, 2].map((index) => `RUN ${index}`),
      );
    }));
});

suite('SelectionLists', (test) => {
  test('get() gives what put() got', () =>
    withStore(async (store) => {
      const entries = [
        { path: '.', mode: 0o40755, size: 0, content: '', owner: '' },
        { path: 'ä b', mode: 0o100644, size: 7, content: '0123456789abcdef', owner: '0:5' },
      ];
      assert.is(await store.selections.get(SELECTION), undefined);
      await store.selections.put(SELECTION, entries);
      assert.ok(store.selections.has(SELECTION));
      assert.equal([...(await store.selections.get(SELECTION))!], entries);
    }));

  test('a torn list counts as absent, a name that is no selection is refused', () =>
    withStore(async (store) => {
      await store.selections.put(SELECTION, []);
      writeFileSync(join(store.root, 'cache/selections', `${SELECTION.replace(':', '-')}.gz`), 'x');
      assert.is(await store.selections.get(SELECTION), undefined);
      assert.throws(() => store.selections.has('../../lock'), TypeError);
    }));
});

suite('BuildLogs', (test) => {
  test('list() gives the last used first', () =>
    withStore(async (store) => {
      const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
      const log = (imageId: string) => ({ imageId, builtAt: '2026-01-01T00:00:00.000Z', steps: [{ id: '1' }] });
      assert.not(store.builds.touch(a, new Date()));
      await store.builds.put(log(a));
      await store.builds.put(log(b));
      utimesSync(join(store.root, 'cache/builds', `${b}.json`), 1, 1);
      assert.equal(store.builds.list(), [log(a), log(b)]);
      assert.ok(store.builds.touch(b, new Date(Date.now() + 60_000)));
      assert.equal(store.builds.list(), [log(b), log(a)]);
      assert.is(store.builds.get('c'.repeat(64)), undefined);
    }));

  test('putUnfinished() keeps the last twenty, each once', () =>
    withStore(async (store) => {
      const log = (id: number) => ({ outcome: 'failed' as const, builtAt: '', steps: [{ id: String(id) }] });
      for (let id = 0; id < 22; id++) {
        await store.builds.putUnfinished(log(id));
        const names = readdirSync(join(store.root, 'cache/builds'));
        for (const name of names) {
          const path = join(store.root, 'cache/builds', name);
          // Each a second older than those that come later.
          utimesSync(path, statSync(path).mtimeMs / 1000 - 1, statSync(path).mtimeMs / 1000 - 1);
        }
      }
      await store.builds.putUnfinished(log(21));
      assert.equal(
        store.builds.list(),
        Array.from({ length: 20 }, (_, at) => log(21 - at)),
      );
    }));
});

suite('collect() of explanations', (test) => {
  test('places go with their records, lists with the places, logs with the images', () =>
    withStore(async (store) => {
      const other = ['place', 'other'];
      const image = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1'], image.descriptor);
      const gone = 'f'.repeat(64);
      for (const imageId of [digestHex(image.config.digest), gone]) await store.builds.put({ imageId, builtAt: '', steps: [] });
      await store.sites.add(SITE, entry('kept', { 'copy.content': SELECTION }));
      await putRecord(store, entry('kept'));
      await store.sites.add(other, entry('lost', { 'copy.content': `dir:${'b'.repeat(64)}` }));
      await store.selections.put(SELECTION, []);
      await store.selections.put(`dir:${'b'.repeat(64)}`, []);
      assert.is((await store.collect()).kind, 'collected');
      assert.ok(store.sites.has(SITE));
      assert.not(store.sites.has(other));
      assert.ok(store.selections.has(SELECTION));
      assert.not(store.selections.has(`dir:${'b'.repeat(64)}`));
      assert.equal(
        store.builds.list().map((log) => 'imageId' in log && log.imageId),
        [digestHex(image.config.digest)],
      );
    }));
});
