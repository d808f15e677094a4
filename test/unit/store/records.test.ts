import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type DiffId, digestHex, digestOf } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

suite('layer records', (test) => {
  test('put() joins what is known, get() leaves lost blobs out', () =>
    withStore(async (store) => {
      const diffId = digestOf('tar') as string as DiffId;
      const gzip = { ...(await store.blobs.putBytes(Buffer.from('gzip'))), compression: 'gzip' } as const;
      const zstd = { ...(await store.blobs.putBytes(Buffer.from('zstd'))), compression: 'zstd' } as const;
      assert.is(store.layers.get(diffId), undefined);
      await store.layers.put({ diffId, blobs: [gzip] });
      await store.layers.put({ diffId, uncompressedBytes: 9, blobs: [zstd] });
      assert.equal(store.layers.get(diffId), { diffId, uncompressedBytes: 9, blobs: [gzip, zstd] });
      assert.equal(store.layers.list(), [store.layers.get(diffId)]);
      writeFileSync(store.blobs.path(gzip.digest), '');
      assert.equal(store.layers.get(diffId)?.blobs, [zstd]);
    }));

  test('a torn record counts as absent', () =>
    withStore(async (store) => {
      const diffId = digestOf('tar') as string as DiffId;
      await store.layers.put({ diffId, blobs: [] });
      for (const text of ['', '{"diffId"', '[]', '{"diffId":"sha256:../..","blobs":[]}']) {
        writeFileSync(join(store.root, 'layers', `${digestHex(diffId)}.json`), text);
        assert.is(store.layers.get(diffId), undefined, text);
      }
    }));
});

suite('step records', (test) => {
  const record = (parent: string) => ({
    definition: digestOf('definition'),
    parent: digestOf(parent),
    inputs: { 'run.text': digestOf('true') },
    result: { empty: true },
    createdAt: '2026-01-01T00:00:00Z',
  });

  test('find(), hasDefinition(), listDefinition() by last use, remove()', () =>
    withStore(async (store) => {
      const [one, two] = [record('one'), record('two')];
      assert.not(store.cache.hasDefinition(one.definition));
      await store.cache.put(one);
      await store.cache.put(two);
      assert.ok(store.cache.hasDefinition(one.definition));
      assert.equal(store.cache.find(one.definition, one.parent), one);
      assert.is(store.cache.find(one.definition, digestOf('three')), undefined);
      store.cache.touch(one, new Date('2026-05-01'));
      store.cache.touch(two, new Date('2026-04-01'));
      assert.equal(store.cache.usedAt(one), new Date('2026-05-01'));
      assert.equal(store.cache.listDefinition(one.definition), [one, two]);
      store.cache.remove(one.definition, one.parent);
      assert.equal(store.cache.list(), [two]);
      store.cache.touch(one, new Date());
      store.cache.remove(one.definition);
      assert.not(store.cache.hasDefinition(one.definition));
      await store.cache.put(one);
      assert.ok(store.cache.hasDefinition(one.definition));
      // Without its last record a definition is as good as never seen: a step must not wait for its parent's content for nothing.
      store.cache.remove(one.definition, one.parent);
      assert.not(store.cache.hasDefinition(one.definition));
    }));

  test('a key that is no digest never becomes a path', () =>
    withStore(async (store) => {
      for (const key of ['', '..', '../../etc', 'sha256:', `sha256:${'A'.repeat(64)}`]) {
        await rejects(() => store.cache.find(key, digestOf('x')), { message: /Not a sha256 digest/ });
      }
    }));
});
