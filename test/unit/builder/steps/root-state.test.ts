import * as assert from 'uvu/assert';
import { knownLayer, type LayerState, UnpublishedFiles } from '../../../../src/builder/steps/layer-state.js';
import { contentOf, diffIdsOf, withLowers } from '../../../../src/builder/steps/root-state.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import type { LayerSource, SnapshotDriver } from '../../../../src/snapshots/index.js';
import { suite } from '../../../support/suite.js';

const id = (name: string) => `sha256:${name}` as DiffId;
const known = (name: string, content = name, empty = false) =>
  knownLayer({ diffId: id(name), contentDigest: `sha256:${content}` as ContentDigest, empty });
const root = (...layers: LayerState[]) => ({ layers, addedLayer: false });

/** Snapshots that only say what they were asked for. */
class FakeSnapshots implements Pick<SnapshotDriver, 'ensure' | 'lowers'> {
  readonly ensured: string[][] = [];

  async ensure(layers: readonly LayerSource[]): Promise<void> {
    this.ensured.push(layers.map(({ diffId }) => diffId));
  }

  lowers(chain: readonly DiffId[]): string[] {
    return chain.length === 0 ? ['/empty'] : chain.map((diffId) => `/snapshots/${diffId.slice(7)}`).reverse();
  }
}

function unpublished(name: string): LayerState & { readonly files: UnpublishedFiles } {
  const files = new UnpublishedFiles({ dir: `/tmp/${name}`, upper: `/tmp/${name}/upper`, work: `/tmp/${name}/work` });
  return { ...known(name), files };
}

const lowersOf = (layers: LayerState[], snapshots: FakeSnapshots) =>
  withLowers(root(...layers), snapshots as unknown as SnapshotDriver, {}, async (lowers) => [...lowers]);

suite('builder/steps/root-state', (test) => {
  test('contentOf() goes by content, not by diff ids, and passes over empty layers', async () => {
    const content = await contentOf(root(known('a', '1'), known('b', '2')));
    assert.match(content, /^sha256:[0-9a-f]{64}$/);
    assert.is(await contentOf(root(known('x', '1'), known('y', '2'))), content);
    assert.is(await contentOf(root(known('a', '1'), known('e', '9', true), known('b', '2'))), content);
    assert.is.not(await contentOf(root(known('b', '2'), known('a', '1'))), content);
    assert.is.not(await contentOf(root(known('a', '1'))), content);
    assert.is.not(await contentOf(root()), content);
  });

  test('diffIdsOf() has every layer, the empty ones too', async () => {
    assert.equal(await diffIdsOf(root(known('a'), known('e', '9', true))), [id('a'), id('e')]);
  });

  test('withLowers() extracts layers of the store', async () => {
    const snapshots = new FakeSnapshots();
    assert.equal(await lowersOf([known('a'), known('b')], snapshots), ['/snapshots/b', '/snapshots/a']);
    assert.equal(snapshots.ensured, [[id('a'), id('b')]]);
    assert.equal(await lowersOf([], snapshots), ['/empty']);
  });

  test('withLowers() puts what is not published yet on top, by path', async () => {
    const snapshots = new FakeSnapshots();
    const layers = [known('a'), unpublished('b'), unpublished('c')];
    assert.equal(await lowersOf(layers, snapshots), ['/tmp/c/upper', '/tmp/b/upper', '/snapshots/a']);
    assert.equal(await lowersOf([unpublished('b')], snapshots), ['/tmp/b/upper']);
  });

  test('withLowers() keeps the path of unpublished files until its body has ended', async () => {
    const layer = unpublished('b');
    let renamed = false;
    await withLowers(root(layer), new FakeSnapshots() as unknown as SnapshotDriver, {}, async () => {
      layer.files.publish(() => {
        renamed = true;
      });
      await Promise.resolve();
      assert.is(renamed, false);
    });
    assert.is(renamed, true);
    assert.equal(await lowersOf([known('a'), layer], new FakeSnapshots()), ['/snapshots/b', '/snapshots/a']);
  });

  test('withLowers() lets go when its body fails', async () => {
    const layer = unpublished('b');
    await withLowers(root(layer), new FakeSnapshots() as unknown as SnapshotDriver, {}, async () => {
      throw new Error('body');
    }).then(assert.unreachable, (error: Error) => assert.is(error.message, 'body'));
    let renamed = false;
    layer.files.publish(() => {
      renamed = true;
    });
    assert.is(renamed, true);
  });
});
