import * as assert from 'uvu/assert';
import { commonInputs, definitionOf, digestInputs } from '../../../../src/builder/steps/step-definition.js';
import { suite } from '../../../support/suite.js';

suite('builder/steps/step-definition', (test) => {
  test('definitionOf() is a digest that does not depend on the order of the inputs', () => {
    const one = definitionOf('run', { a: '1', b: '2' });
    assert.match(one, /^sha256:[0-9a-f]{64}$/);
    assert.is(definitionOf('run', { b: '2', a: '1' }), one);
  });

  for (const [title, kind, inputs] of [
    ['kind', 'copy', { a: '1', b: '2' }],
    ['value', 'run', { a: '1', b: '3' }],
    ['name', 'run', { a: '1', c: '2' }],
    ['missing input', 'run', { a: '1' }],
    ['empty input', 'run', { a: '1', b: '2', c: '' }],
    ['values that move', 'run', { a: '2', b: '1' }],
  ] as const) {
    test(`definitionOf() differs by ${title}`, () =>
      assert.is.not(definitionOf(kind, inputs as Record<string, string>), definitionOf('run', { a: '1', b: '2' })));
  }

  test('digestInputs() keeps names and hides values', () => {
    assert.equal(digestInputs({ 'env.PASSWORD': 'abc' }), {
      // printf abc | sha256sum
      'env.PASSWORD': 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });

  test('commonInputs() has the time only when it is fixed', () => {
    assert.equal(commonInputs({ platform: 'linux/amd64', timestampSeconds: undefined }), { platform: 'linux/amd64' });
    assert.equal(commonInputs({ platform: 'linux/amd64', timestampSeconds: 0 }), { platform: 'linux/amd64', timestamp: '0' });
  });
});
