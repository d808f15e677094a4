import * as assert from 'uvu/assert';
import { ConstantStep, LinkStep } from '../../../../src/builder/steps/index.js';
import { knownLayer } from '../../../../src/builder/steps/layer-state.js';
import type { ContentDigest, DiffId } from '../../../../src/image/index.js';
import { suite } from '../../../support/suite.js';
import { plainScheduler, stepOf } from '../../../support/uncached-step.js';

function layer(digit: string) {
  const digest = `sha256:${digit.repeat(64)}`;
  return knownLayer({ diffId: digest as DiffId, contentDigest: digest as ContentDigest, empty: false });
}

suite('LinkStep', (test) => {
  test('lays the layer of the copy on those of the parent', async () => {
    const [a, b, c] = [layer('a'), layer('b'), layer('c')];
    const parent = new ConstantStep('base', { layers: [a, b], addedLayer: false });
    const copy = new ConstantStep('copy', { layers: [c], addedLayer: true, createdAt: 'THEN' });
    const { value, cached } = await plainScheduler().evaluate(new LinkStep(parent, copy));
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
    assert.is((await plainScheduler().evaluate(new LinkStep(parent, copy))).value.layers.length, 2);
  });
});
