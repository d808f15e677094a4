import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Outcome } from '../../../../src/builder/scheduler/index.js';
import { type RootState, StepCache, StepExplainer, type StepPlace } from '../../../../src/builder/steps/index.js';
import { definitionOf, digestInputs, type StepInputs } from '../../../../src/builder/steps/step-definition.js';
import type { ExplainableKey, SelectionEntry } from '../../../../src/builder/steps/step-key.js';
import { openStore, type Store } from '../../../../src/store/index.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const PLACE: StepPlace = { containerfile: '/c', stage: 'build', position: 0, text: 'COPY src /', repetition: 0, base: undefined };
const PARENT = `sha256:${'1'.repeat(64)}`;
const ROOT: RootState = { layers: [], addedLayer: true, createdAt: 'THEN' };

const selection = (digit: string) => `dir:${digit.repeat(64)}`;
const file = (size: number): SelectionEntry => ({ path: 'src/a', mode: 0o100644, size, content: '', owner: '' });

function keyOf(inputs: StepInputs, entries?: readonly SelectionEntry[]): ExplainableKey {
  const digest = inputs['copy.content'];
  const selections =
    digest === undefined ? {} : { 'copy.content': { digest, ...(entries === undefined ? {} : { entries: () => entries }) } };
  return { definition: definitionOf('copy', inputs), parentContent: async () => PARENT, inputs, selections };
}

function outcome(key: ExplainableKey, cached = false): Outcome<RootState> {
  return { value: ROOT, key, cached, lineage: '' };
}

/** An explainer of a new build, on the store of all of them. */
function explainer(store: Store, remembers = true): StepExplainer {
  return new StepExplainer(store, new StepCache(store, false), remembers);
}

/** A build that runs the step, and records it. */
async function runStep(store: Store, place: StepPlace, key: ExplainableKey) {
  const decision = await explain(explainer(store), place, outcome(key));
  const record = { definition: key.definition, parent: PARENT, inputs: digestInputs(key.inputs), result: {}, createdAt: 'BEFORE' };
  await store.cache.put(record);
  return decision;
}

/** As a build does it. */
async function explain(build: StepExplainer, place: StepPlace, found: Outcome<RootState>) {
  const decision = await build.explain(place, found);
  await build.remember(place, found);
  return decision;
}

async function withStore(body: (store: Store) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    mkdirSync(join(directory, 'run'));
    const store = await openStore({ root: join(directory, 'root'), runRoot: join(directory, 'run'), noSync: true });
    try {
      await body(store);
    } finally {
      await store.close();
    }
  });
}

suite('StepExplainer', (test) => {
  test('remember() waits for the hash of the layer, or until nothing else is left to do', () =>
    withStore(async (store) => {
      const hashing = {
        ...ROOT,
        layers: [{ identity: new Promise<never>(() => {}), stored: new Promise<never>(() => {}) }],
        addedLayer: true,
      };
      const key = keyOf({ 'copy.content': selection('a') }, [file(1)]);
      let tellAwaited = (): void => {};
      const whenAwaited = new Promise<void>((resolve) => {
        tellAwaited = resolve;
      });
      const remembering = explainer(store).remember(PLACE, { ...outcome(key), value: hashing }, whenAwaited);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.is(store.selections.has(selection('a')), false);
      tellAwaited();
      await remembering;
      assert.is(store.selections.has(selection('a')), true);
    }));

  test('explain() compares with what stood at the same place, file by file', () =>
    withStore(async (store) => {
      const first = await runStep(store, PLACE, keyOf({ 'copy.content': selection('a') }, [file(1)]));
      assert.equal(first, { outcome: 'miss', cause: 'new', differences: [] });
      const second = await runStep(store, PLACE, keyOf({ 'copy.content': selection('b') }, [file(2)]));
      assert.equal(second, {
        outcome: 'miss',
        cause: 'changed',
        nearest: { recordedAt: 'BEFORE', text: 'COPY src /' },
        differences: [
          {
            kind: 'files',
            count: 1,
            files: [
              {
                path: 'src/a',
                before: { mode: 0o100644, size: 1, content: '', owner: '' },
                after: { mode: 0o100644, size: 2, content: '', owner: '' },
              },
            ],
          },
        ],
      });
    }));

  test('explain() finds the same text at another place, and nothing at all elsewhere', () =>
    withStore(async (store) => {
      await runStep(store, PLACE, keyOf({ x: '1' }));
      const elsewhere = { ...PLACE, containerfile: '/other', position: 7 };
      const moved = await explainer(store).explain(elsewhere, outcome(keyOf({ x: '2' })));
      assert.equal(moved.outcome === 'miss' && moved.cause, 'changed');
      const stranger = { ...elsewhere, stage: 'test', position: 8 };
      const found = await explainer(store).explain(stranger, outcome(keyOf({ x: '2' })));
      assert.equal(found.outcome === 'miss' && found.cause, 'new');
    }));

  test('explain() takes the nearest of several, and none of this very build', () =>
    withStore(async (store) => {
      await runStep(store, PLACE, keyOf({ x: '1', y: '1', z: '1' }));
      await runStep(store, PLACE, keyOf({ x: '1', y: '2', z: '2' }));
      const build = explainer(store);
      const near = await explain(build, PLACE, outcome(keyOf({ x: '2', y: '1', z: '1' })));
      assert.equal(near.outcome === 'miss' && near.differences.map((one) => one.kind === 'input' && one.name), ['x']);
      const key = keyOf({ x: '2', y: '1', z: '1' });
      await store.cache.put({ definition: key.definition, parent: PARENT, inputs: digestInputs(key.inputs), result: {}, createdAt: 'NOW' });
      const next = await explain(build, PLACE, outcome(keyOf({ x: '2', y: '1', z: '3' })));
      assert.equal(next.outcome === 'miss' && next.differences.length, 2);
    }));

  test('a step that was found is remembered where it stands, if nothing stood there yet', () =>
    withStore(async (store) => {
      assert.equal(await explain(explainer(store), PLACE, outcome(keyOf({ x: '1' }), true)), { outcome: 'hit', recordedAt: 'THEN' });
      assert.is(store.sites.find(['place', '/c', 'build', '0']).length, 1);
    }));

  test('nothing is remembered where nothing is recorded', () =>
    withStore(async (store) => {
      await explain(explainer(store, false), PLACE, outcome(keyOf({ x: '1' })));
      assert.equal(store.sites.find(['place', '/c', 'build', '0']), []);
    }));
});
