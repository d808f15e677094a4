import * as assert from 'uvu/assert';
import { SandboxSetupError } from '../../../src/sandbox/index.js';
import { suite } from '../../support/suite.js';

suite('SandboxSetupError', (test) => {
  test('the message has stage, path, error and detail', () => {
    const error = new SandboxSetupError('overlay', 22, '/u', 'overlay: no such option');
    assert.is(error.message, 'Cannot set up the sandbox: stage overlay at "/u": EINVAL (overlay: no such option)');
    assert.is(error.code, 'SANDBOX_SETUP');
  });
  test('what is not known is left out', () => {
    assert.is(new SandboxSetupError('pivot', 0, '').message, 'Cannot set up the sandbox: stage pivot');
  });
  const hints: readonly (readonly [stage: string, errno: number, hint: RegExp])[] = [
    ['user', 22, /\/etc\/subuid/],
    ['mount', 22, /\/etc\/subuid/],
    ['limits', 1, /hard limit/],
    ['namespaces', 28, /user\.max_mnt_namespaces/],
    ['mount', 28, /fs\.mount-max/],
    ['scratch', 38, /Linux 5\.12/],
  ];
  for (const [stage, errno, hint] of hints)
    test(`${stage} ${errno} has a hint`, () => {
      assert.match(new SandboxSetupError(stage, errno, '').hint ?? '', hint);
    });

  test('a missing AppArmor profile is told from a forbidden label', () => {
    const [ENOENT, EACCES] = [2, 13];
    assert.match(new SandboxSetupError('label', ENOENT, 'exec mine').hint ?? '', 'apparmor_parser --replace FILE');
    assert.match(new SandboxSetupError('label', EACCES, 'system_u:system_r:container_t:s0').hint ?? '', 'label=disable');
  });

  test('owners that cannot be shifted say whose fault it is', () => {
    const [EPERM, EINVAL] = [1, 22];
    assert.match(new SandboxSetupError('ids', EPERM, '/store').hint ?? '', 'that is root');
    assert.match(new SandboxSetupError('ids', EINVAL, '/store').hint ?? '', 'Linux 5.19');
  });
});
