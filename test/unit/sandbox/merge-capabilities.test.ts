import * as assert from 'uvu/assert';
import { ALL_CAPABILITIES } from '../../../src/sandbox/index.js';
import { mergeCapabilities } from '../../../src/sandbox/merge-capabilities.js';
import { suite } from '../../support/suite.js';

const BASE = ['CAP_CHOWN', 'CAP_KILL'];

suite('mergeCapabilities()', (test) => {
  const cases: readonly (readonly [add: string[], drop: string[], expected: readonly string[]])[] = [
    [[], [], BASE],
    [['sys_admin', 'CAP_net_raw'], [], ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']],
    [['KILL'], [], BASE],
    [[], ['chown', 'CAP_BPF'], ['CAP_KILL']],
    [['net_raw'], ['all'], ['CAP_NET_RAW']],
    [[], ['ALL'], []],
    [['all'], [], ALL_CAPABILITIES],
    [['all'], ['sys_admin'], ALL_CAPABILITIES.filter((name) => name !== 'CAP_SYS_ADMIN')],
  ];
  for (const [add, drop, expected] of cases)
    test(`+${add} -${drop}`, () => {
      assert.equal(mergeCapabilities(BASE, add, drop), expected);
    });

  test('a name nobody knows, and contradictions', () => {
    assert.throws(() => mergeCapabilities(BASE, ['sys_admon'], []), /unknown capability "sys_admon"/);
    assert.throws(() => mergeCapabilities(BASE, ['kill'], ['CAP_KILL']), /CAP_KILL cannot be both/);
    assert.throws(() => mergeCapabilities(BASE, ['all'], ['all']), /cannot be both/);
  });
});
