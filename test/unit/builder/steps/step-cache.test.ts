import * as assert from 'uvu/assert';
import { knownLayer } from '../../../../src/builder/steps/layer-state.js';
import { StepCache } from '../../../../src/builder/steps/step-cache.js';
import { definitionOf } from '../../../../src/builder/steps/step-definition.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import type { StepRecord, Store } from '../../../../src/store/index.js';
import { suite } from '../../../support/suite.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const LAYER = { diffId: digest('a') as DiffId, contentDigest: digest('b') as ContentDigest, empty: false };
const DEFINITION = definitionOf('run', { command: 'true' });
const PARENT = digest('c');
const BASE = knownLayer({ diffId: digest('d') as DiffId, contentDigest: digest('e') as ContentDigest, empty: false });
const ROOT = { layers: [BASE], addedLayer: true };

class FakeStore {
  readonly records = new Map<string, StepRecord>();
  readonly touched: string[] = [];
  hasBlob = true;

  readonly cache = {
    find: (definition: string, parent: string) => this.records.get(`${definition} ${parent}`),
    hasDefinition: (definition: string) => [...this.records.keys()].some((key) => key.startsWith(definition)),
    put: async (record: StepRecord) => void this.records.set(`${record.definition} ${record.parent}`, record),
    touch: (record: StepRecord) => void this.touched.push(record.definition),
  };
  readonly layers = { get: () => ({ blobs: this.hasBlob ? [{ digest: digest('f'), size: 1 }] : [] }) };
}

/** A key that counts how often its parent's content is asked for. */
function key(definition = DEFINITION) {
  const counted = {
    definition,
    asked: 0,
    parentContent: async () => {
      counted.asked++;
      return PARENT;
    },
  };
  return counted;
}

function caches(): { store: FakeStore; first: StepCache; second: StepCache; writeOnly: StepCache } {
  const store = new FakeStore();
  const cache = (writeOnly: boolean) => new StepCache(store as unknown as Store, writeOnly);
  return { store, first: cache(false), second: cache(false), writeOnly: cache(true) };
}

suite('builder/steps/step-cache', (test) => {
  test('find() gives what an earlier build recorded, on top of the parent', async () => {
    const { store, first, second } = caches();
    await first.record(key(), { command: 'true' }, { layer: LAYER }, '2026-01-01T00:00:00Z');
    const found = await second.find(key(), [ROOT]);
    assert.is(found?.layers.length, 2);
    assert.is(found?.layers[0], BASE);
    assert.equal(await found?.layers[1]?.identity, LAYER);
    assert.is(found?.addedLayer, true);
    assert.is(found?.createdAt, '2026-01-01T00:00:00Z');
    assert.equal(store.touched, [DEFINITION]);
  });

  test('a record is read and touched once by a build, however many of its steps it stands for', async () => {
    const { store, first, second } = caches();
    await first.record(key(), {}, {}, 'then');
    assert.is((await second.find(key(), [ROOT]))?.createdAt, 'then');
    store.records.clear();
    assert.is((await second.find(key(), [ROOT]))?.createdAt, 'then');
    assert.equal(store.touched, [DEFINITION]);
    assert.is(await new StepCache(store as unknown as Store, false).find(key(), [ROOT]), undefined);
  });

  test('a record that was read does not stand for a step on another parent', async () => {
    const { first, second } = caches();
    await first.record(key(), {}, {}, 'then');
    await second.find(key(), [ROOT]);
    assert.is(await second.find({ definition: DEFINITION, parentContent: async () => digest('9') }, [ROOT]), undefined);
  });

  test('find() of a step without a layer gives the parent itself', async () => {
    const { first, second } = caches();
    await first.record(key(), {}, {}, 'then');
    const found = await second.find(key(), [ROOT]);
    assert.equal(found?.layers, [BASE]);
    assert.is(found?.addedLayer, false);
  });

  test('find() does not wait for the parent when there is no such definition', async () => {
    const { first } = caches();
    const asking = key();
    assert.is(await first.find(asking, [ROOT]), undefined);
    assert.is(asking.asked, 0);
    const base = key('constant scratch');
    assert.is(await first.find(base, []), undefined);
    assert.is(base.asked, 0);
  });

  test('find() passes over what this build recorded itself', async () => {
    const { first } = caches();
    await first.record(key(), {}, { layer: LAYER }, 'now');
    assert.is(await first.find(key(), [ROOT]), undefined);
  });

  test('find() with --no-cache finds nothing, and records', async () => {
    const { store, first, second, writeOnly } = caches();
    await first.record(key(), {}, { layer: LAYER }, 'now');
    assert.is(await writeOnly.find(key(), [ROOT]), undefined);
    await writeOnly.record(key(), {}, { layer: LAYER }, 'later');
    assert.is((await second.find(key(), [ROOT]))?.createdAt, 'later');
    assert.is(store.records.size, 1);
  });

  test('find() does not believe a record whose blob is gone', async () => {
    const { store, first, second } = caches();
    await first.record(key(), {}, { layer: LAYER }, 'now');
    store.hasBlob = false;
    assert.is(await second.find(key(), [ROOT]), undefined);
  });

  for (const [title, result] of [
    ['a diff id that is none', { diffId: '../../x', contentDigest: LAYER.contentDigest, empty: false }],
    ['no content digest', { diffId: LAYER.diffId }],
    ['a number', { diffId: 7 }],
  ] as const) {
    test(`find() does not believe a record with ${title}`, async () => {
      const { store, second } = caches();
      store.records.set(`${DEFINITION} ${PARENT}`, { definition: DEFINITION, parent: PARENT, inputs: {}, result, createdAt: 'now' });
      assert.is(await second.find(key(), [ROOT]), undefined);
    });
  }

  test('record() keeps digests of the inputs, no values', async () => {
    const { store, first } = caches();
    await first.record(key(), { 'env.TOKEN': 'hunter2' }, { layer: LAYER }, 'now');
    const [record] = [...store.records.values()];
    assert.not.match(JSON.stringify(record), /hunter2/);
    assert.equal(Object.keys(record!.inputs), ['env.TOKEN']);
  });
});
