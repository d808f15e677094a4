import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { diffIdsOf, EMPTY_ROOT } from '../../../../src/builder/steps/index.js';
import { sealOpen, writeStep } from '../../../../src/builder/steps/write-step.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';
import { withToolbox } from '../../../support/toolbox.js';

const OPTIONS = { signal: new AbortController().signal };
const write =
  (name: string) =>
  async ({ working }: { readonly working: { readonly upper: string } }) =>
    writeFileSync(join(working.upper, name), name);

suite('writeStep()', (test) => {
  test('adds a layer to those of the parent, whose directories lie below', () =>
    withToolbox({}, async (toolbox) => {
      const one = await writeStep(EMPTY_ROOT, toolbox, OPTIONS, write('a'));
      const two = await writeStep(one, toolbox, OPTIONS, async (place) => {
        assert.ok(place.lowers.some((lower) => existsSync(join(lower, 'a'))));
        await write('b')(place);
      });
      assert.is(two.addedLayer, true);
      assert.equal((await diffIdsOf(two)).slice(0, 1), await diffIdsOf(one));
      assert.is(two.layers.length, 2);
    }));

  test('a body that fails leaves nothing, and its error is the outcome', () =>
    withToolbox({}, async (toolbox) => {
      let upper = '';
      const work = writeStep(EMPTY_ROOT, toolbox, OPTIONS, async ({ working }) => {
        upper = working.upper;
        throw new Error('broken');
      });
      await rejects(work, { message: /^broken$/ });
      assert.not.ok(existsSync(upper));
    }));

  test("a disk that is full is said to be the store's", () =>
    withToolbox({}, async (toolbox) => {
      const work = writeStep(EMPTY_ROOT, toolbox, OPTIONS, async () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      });
      const error = await rejects(work, { code: 'STORE_FULL' });
      assert.ok(error.message.includes(toolbox.store.root), error.message);
    }));

  test('a layer that moves becomes no snapshot', () =>
    withToolbox({}, async (toolbox) => {
      const { layers } = await writeStep(EMPTY_ROOT, toolbox, { ...OPTIONS, moves: true }, write('a'));
      await toolbox.background.done();
      assert.is(layers[0]!.files, undefined);
      assert.not.ok(toolbox.snapshots.has([(await layers[0]!.identity).diffId]));
    }));

  test('times that are decided are those on disk', () =>
    withToolbox({ timestampSeconds: 7 }, async (toolbox) => {
      const { layers } = await writeStep(EMPTY_ROOT, toolbox, OPTIONS, write('a'));
      await toolbox.background.done();
      const [lower] = toolbox.snapshots.lowers([(await layers[0]!.identity).diffId]);
      assert.is(statSync(join(lower!, 'a')).mtimeMs, 7000);
    }));

  test('without a layer per step all write to one, which sealOpen() makes a layer', () =>
    withToolbox({ layerPerStep: false }, async (toolbox) => {
      const one = await writeStep(EMPTY_ROOT, toolbox, OPTIONS, write('a'));
      const two = await writeStep(one, toolbox, OPTIONS, write('b'));
      assert.equal([two.layers.length, two.addedLayer, two.open!.upper], [0, false, one.open!.upper]);
      const sealed = await sealOpen(two, toolbox, OPTIONS);
      assert.equal([sealed.layers.length, sealed.addedLayer, sealed.open], [1, true, undefined]);
      const [diffId] = await diffIdsOf(sealed);
      await toolbox.background.done();
      const [lower] = toolbox.snapshots.lowers([diffId!]);
      assert.ok(existsSync(join(lower!, 'a')) && existsSync(join(lower!, 'b')));
    }));
});
