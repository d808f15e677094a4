import * as assert from 'uvu/assert';
import type { ImageConfig } from '../../../../src/image/index.js';
import { type ConfigEdits, editConfig, squashedHistory } from '../../../../src/operations/build/final-config.js';
import { suite } from '../../../support/suite.js';

const config: ImageConfig = {
  architecture: 'amd64',
  os: 'linux',
  config: { Env: ['PATH=/bin', 'A=1', 'B=x=y'], Labels: { one: '1', two: '2' }, Cmd: ['sh'] },
  rootfs: { type: 'layers', diff_ids: [] },
  history: [{ created_by: 'CMD' }],
};
const nothing: ConfigEdits = { labels: {}, unsetLabels: [], env: {}, unsetEnv: [], omitHistory: false };

suite('operations/final-config', (test) => {
  test('editConfig() leaves alone what is not named', () => {
    assert.equal(editConfig(config, nothing), config);
  });

  test('editConfig() takes away before it adds; a variable that is set again keeps its place', () => {
    const edits = {
      ...nothing,
      labels: { two: 'b', three: '3' },
      unsetLabels: ['one', 'two'],
      env: { A: '2', C: 'c', D: undefined },
      unsetEnv: ['B'],
    };
    const { config: edited } = editConfig(config, edits);
    assert.equal(edited, { Env: ['PATH=/bin', 'A=2', 'C=c'], Labels: { two: 'b', three: '3' }, Cmd: ['sh'] });
  });

  test('editConfig() leaves no empty list behind', () => {
    const { config: edited } = editConfig(config, { ...nothing, unsetLabels: ['one', 'two'], unsetEnv: ['PATH', 'A', 'B'] });
    assert.equal(edited, { Cmd: ['sh'] });
  });

  test('editConfig() omits the history', () => {
    assert.is(editConfig(config, { ...nothing, omitHistory: true }).history, undefined);
  });

  test('squashedHistory() has one entry with a layer, the last', () => {
    assert.equal(squashedHistory([{ created_by: 'a' }, { created_by: 'b', empty_layer: true }]), [
      { created_by: 'a', empty_layer: true },
      { created_by: 'b' },
    ]);
    assert.equal(squashedHistory([]), [{ created_by: '/bin/sh' }]);
  });
});
