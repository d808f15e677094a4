import * as assert from 'uvu/assert';
import { ConstantStep, DirectoryStep, EMPTY_ROOT } from '../../../../src/builder/steps/index.js';
import type { Toolbox } from '../../../../src/builder/steps/toolbox.js';
import { suite } from '../../../support/suite.js';

async function keyOf(paths: readonly string[], user = '', toolbox: Partial<Toolbox> = {}) {
  const parent = new ConstantStep('scratch', EMPTY_ROOT);
  return new DirectoryStep('WORKDIR', parent, paths, user, { platform: 'linux/amd64', ...toolbox } as Toolbox).key([EMPTY_ROOT]);
}

suite('DirectoryStep', (test) => {
  test('key() names what is made and for whom', async () => {
    const { inputs } = await keyOf(['/a', '/b'], 'web:1');
    assert.equal([inputs['directory.paths'], inputs['directory.user'], inputs.platform], ['["/a","/b"]', 'web:1', 'linux/amd64']);
  });

  const others: readonly (readonly [string, ReturnType<typeof keyOf>])[] = [
    ['a path', keyOf(['/b'])],
    ['one more path', keyOf(['/a', '/b'])],
    ['the owner', keyOf(['/a'], 'web')],
    ['the time', keyOf(['/a'], '', { timestampSeconds: 1 })],
    ['the latest time', keyOf(['/a'], '', { clampSeconds: 1 })],
    ['the platform', keyOf(['/a'], '', { platform: 'linux/arm64' })],
  ];
  for (const [what, other] of others) {
    test(`key() changes with ${what}`, async () => {
      assert.is.not((await other).definition, (await keyOf(['/a'])).definition);
    });
  }

  test('equal steps have one key, whatever the instruction was', async () => {
    assert.is((await keyOf(['/a'])).definition, (await keyOf(['/a'])).definition);
  });
});
