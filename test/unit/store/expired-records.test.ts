import * as assert from 'uvu/assert';
import { type DiffId, digestOf } from '../../../src/image/index.js';
import { expiredRecords } from '../../../src/store/expired-records.js';
import type { Store } from '../../../src/store/index.js';
import { nothingReached } from '../../../src/store/reachable.js';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

/** A record for a layer of `size` bytes whose blob is as large, last used on the given day of January 2026. */
async function addRecord(store: Store, name: string, size: number, day: number): Promise<string> {
  const blob = await store.blobs.putBytes(Buffer.alloc(size, name));
  const diffId = digestOf(`diff ${name}`) as string as DiffId;
  await store.layers.put({ diffId, uncompressedBytes: size, blobs: [{ ...blob, compression: 'none' }] });
  const record = {
    definition: digestOf(name),
    parent: digestOf('parent'),
    inputs: {},
    result: { diffId },
    createdAt: '2026-01-01T00:00:00Z',
  };
  await store.cache.put(record);
  store.cache.touch(record, new Date(Date.UTC(2026, 0, day)));
  return record.definition;
}

suite('expiredRecords()', (test) => {
  test('the least recently used go until the rest fits; what images keep anyway costs nothing', () =>
    withStore(async (store) => {
      const [old, middle, young] = [
        await addRecord(store, 'a', 100, 1),
        await addRecord(store, 'b', 100, 2),
        await addRecord(store, 'c', 100, 3),
      ];
      const expired = (maxBytes: number, kept = nothingReached()) =>
        expiredRecords(store, { maxBytes }, kept).map(({ definition }) => definition);
      assert.equal(expired(600), []);
      assert.equal(expired(599), [old]);
      assert.equal(expired(200), [middle, old]);
      assert.equal(expired(199), [young, middle, old]);
      const kept = nothingReached();
      const { diffId } = store.cache.list().find(({ definition }) => definition === young)!.result as { diffId: DiffId };
      for (const { digest } of store.layers.get(diffId)!.blobs) kept.blobs.add(digest);
      kept.diffIds.add(diffId.slice('sha256:'.length));
      assert.equal(expired(200, kept), [old]);
    }));

  test('what was used before the moment goes; only candidates do', () =>
    withStore(async (store) => {
      const [old, young] = [await addRecord(store, 'a', 10, 1), await addRecord(store, 'b', 10, 20)];
      const names = (limits: Parameters<typeof expiredRecords>[1]) =>
        expiredRecords(store, limits, nothingReached()).map(({ definition }) => definition);
      assert.equal(names({ unusedSince: new Date('2026-01-10') }), [old]);
      assert.equal(names({}), []);
      assert.equal(names({ candidate: ({ definition }) => definition === young }), [young]);
      assert.equal(names({ unusedSince: new Date('2026-01-10'), candidate: ({ definition }) => definition === young }), []);
    }));
});
