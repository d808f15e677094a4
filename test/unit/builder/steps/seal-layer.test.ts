import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { EMPTY_ROOT } from '../../../../src/builder/steps/index.js';
import type { LayerState } from '../../../../src/builder/steps/layer-state.js';
import { type LayerToSeal, sealAsBlob, sealLayer } from '../../../../src/builder/steps/seal-layer.js';
import type { Toolbox } from '../../../../src/builder/steps/toolbox.js';
import { EMPTY_LAYER } from '../../../../src/layers/index.js';
import { suite } from '../../../support/suite.js';
import { withToolbox } from '../../../support/toolbox.js';

/** A working layer on nothing, with these files. */
async function workingLayer({ snapshots }: Toolbox, files: Readonly<Record<string, string>>): Promise<LayerToSeal> {
  const lowers = snapshots.lowers([]);
  const working = await snapshots.prepare(lowers);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(working.upper, name), content);
  return { working, lowers, changes: undefined };
}

/** The one uncompressed blob of a layer, held against its diff id. */
async function tarOf({ identity, stored }: LayerState, { store }: Toolbox): Promise<Buffer> {
  const { diffId } = await identity;
  await stored;
  const [blob] = store.layers.get(diffId)!.blobs;
  const bytes = readFileSync(store.blobs.path(blob!.digest));
  assert.is(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, diffId);
  return bytes;
}

suite('sealLayer()', (test) => {
  test('gives a blob under its diff id, and a snapshot on the chain of its parent', () =>
    withToolbox({}, async (toolbox) => {
      const below = sealLayer(EMPTY_ROOT, await workingLayer(toolbox, { a: 'one' }), toolbox);
      const above = sealLayer({ layers: [below], addedLayer: true }, await workingLayer(toolbox, { b: 'two' }), toolbox);
      assert.match((await tarOf(below, toolbox)).toString('latin1'), /^a\0.*one/s);
      assert.match((await tarOf(above, toolbox)).toString('latin1'), /^b\0.*two/s);
      await toolbox.background.done();
      const chain = [(await below.identity).diffId, (await above.identity).diffId];
      assert.ok(toolbox.snapshots.has(chain));
      const [top, bottom] = toolbox.snapshots.lowers(chain);
      assert.equal([readFileSync(join(top!, 'b'), 'utf8'), readFileSync(join(bottom!, 'a'), 'utf8')], ['two', 'one']);
      assert.is(above.files!.published, true);
    }));

  test('files stay where they are while somebody holds them, and are renamed afterwards', () =>
    withToolbox({}, async (toolbox) => {
      const layer = await workingLayer(toolbox, { a: 'one' });
      const sealed = sealLayer(EMPTY_ROOT, layer, toolbox);
      const release = sealed.files!.hold();
      await sealed.stored;
      assert.ok(existsSync(join(layer.working.upper, 'a')));
      release();
      await toolbox.background.done();
      assert.not.ok(existsSync(layer.working.upper));
    }));

  test('what changes nothing is the layer of nothing, without a directory', () =>
    withToolbox({}, async (toolbox) => {
      const layer = await workingLayer(toolbox, {});
      const sealed = sealLayer(EMPTY_ROOT, layer, toolbox);
      assert.is((await sealed.identity).diffId, EMPTY_LAYER.diffId);
      assert.is((await sealed.identity).empty, true);
      assert.is(sealed.files, undefined);
      assert.not.ok(existsSync(layer.working.upper));
      await tarOf(sealed, toolbox);
    }));
});

suite('sealAsBlob()', (test) => {
  test('gives the same layer, and no snapshot', () =>
    withToolbox({}, async (toolbox) => {
      const layer = await workingLayer(toolbox, { a: 'one' });
      const sealed = sealAsBlob(layer, undefined, toolbox);
      assert.match((await tarOf(sealed, toolbox)).toString('latin1'), /^a\0.*one/s);
      await toolbox.background.done();
      assert.is(sealed.files, undefined);
      assert.not.ok(toolbox.snapshots.has([(await sealed.identity).diffId]));
      assert.not.ok(existsSync(layer.working.upper));
    }));

  test('what changes nothing is the layer of nothing', () =>
    withToolbox({}, async (toolbox) => {
      const sealed = sealAsBlob(await workingLayer(toolbox, {}), undefined, toolbox);
      assert.is((await sealed.identity).diffId, EMPTY_LAYER.diffId);
    }));
});
