import * as assert from 'uvu/assert';
import { Scheduler, type Step } from '../../../../src/builder/scheduler/index.js';
import { ConstantStep, LinkStep, type RootState } from '../../../../src/builder/steps/index.js';
import { knownLayer } from '../../../../src/builder/steps/layer-state.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import { suite } from '../../../support/suite.js';

function layer(digit: string) {
  const digest = `sha256:${digit.repeat(64)}`;
  return knownLayer({ diffId: digest as DiffId, contentDigest: digest as ContentDigest, empty: false });
}

/** A step that is not in any cache and gives what `body` does. */
function stepOf(label: string, body: (signal: AbortSignal) => Promise<RootState>): Step<RootState> {
  return {
    label,
    inputs: [],
    key: async () => ({ definition: label, parentContent: async () => '' }),
    run: (_inputs, _key, { signal }) => body(signal),
  };
}

const scheduler = (): Scheduler<RootState> => new Scheduler<RootState>({ jobs: 2, cache: { find: async () => undefined } });

suite('LinkStep', (test) => {
  test('lays the layer of the copy on those of the parent', async () => {
    const [a, b, c] = [layer('a'), layer('b'), layer('c')];
    const parent = new ConstantStep('base', { layers: [a, b], addedLayer: false });
    const copy = new ConstantStep('copy', { layers: [c], addedLayer: true, createdAt: 'THEN' });
    const { value, cached } = await scheduler().evaluate(new LinkStep(parent, copy));
    assert.equal(value, { layers: [a, b, c], addedLayer: true, createdAt: 'THEN' });
    assert.not(cached);
  });

  test('the copy runs while the parent does', async () => {
    let began = (): void => {};
    const copying = new Promise<void>((resolve) => {
      began = resolve;
    });
    const parent = stepOf('parent', async () => {
      await copying;
      return { layers: [layer('a')], addedLayer: true };
    });
    const copy = stepOf('copy', async () => {
      began();
      return { layers: [layer('b')], addedLayer: true };
    });
    assert.is((await scheduler().evaluate(new LinkStep(parent, copy))).value.layers.length, 2);
  });
});
