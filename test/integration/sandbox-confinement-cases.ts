import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { rejects } from '../support/rejects.js';
import { addProbe, withBox } from '../support/sandbox.js';
import { skip, suite } from '../support/suite.js';

const REFUSED = 77;
const ESRCH = 3;

/** Everything is allowed but getpgid(2) where its argument meets the condition. */
function profileWith(op: string, value: number, valueTwo?: number): string {
  const args = [{ index: 0, op, value, ...(valueTwo === undefined ? {} : { valueTwo }) }];
  return JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: REFUSED, args }],
  });
}

suite('seccomp profiles, by the kernel', (test) => {
  // No process has these numbers, so that the kernel's own answer is ESRCH; it looks at the low half only.
  const table: readonly (readonly [op: string, value: number, two: number | undefined, yes: readonly string[], no: readonly string[]])[] = [
    ['SCMP_CMP_EQ', 0x7ffffff5, undefined, ['0x7ffffff5'], ['0x7ffffff4', '0x17ffffff5']],
    ['SCMP_CMP_NE', 0x7ffffff5, undefined, ['0x7ffffff4', '0x17ffffff5'], ['0x7ffffff5']],
    ['SCMP_CMP_GT', 0x7ffffff5, undefined, ['0x7ffffff6', '0x17ffffff0'], ['0x7ffffff5', '0x7ffffff4']],
    ['SCMP_CMP_GE', 0x7ffffff5, undefined, ['0x7ffffff5', '0x17ffffff0'], ['0x7ffffff4']],
    ['SCMP_CMP_LT', 0x7ffffff5, undefined, ['0x7ffffff4'], ['0x7ffffff5', '0x17ffffff0']],
    ['SCMP_CMP_LE', 0x7ffffff5, undefined, ['0x7ffffff5', '0x7ffffff4'], ['0x7ffffff6', '0x17ffffff0']],
    ['SCMP_CMP_MASKED_EQ', 0xf0, 0x20, ['0x7fffff20', '0x17fffff2f'], ['0x7fffff30']],
    ['SCMP_CMP_GE', 2 ** 32 + 0x7ffffff0, undefined, ['0x17ffffff0', '0x27ffffff0'], ['0x7ffffff5', '0x17fffffef']],
  ];
  for (const [op, value, two, yes, no] of table)
    test(`${op} 0x${value.toString(16)}`, () =>
      withBox(async (box) => {
        await addProbe(box);
        const words = [...yes, ...no].flatMap((argument) => ['call', argument]);
        const { stdout } = await box.run(['probe', ...words], { seccomp: { profile: profileWith(op, value, two) } });
        assert.equal(stdout.trim().split('\n').map(Number), [...yes.map(() => REFUSED), ...no.map(() => ESRCH)]);
      }));

  test('a profile that the kernel cannot set keeps the command from running', () =>
    withBox(async (box) => {
      if (existsSync('/sys/kernel/security/apparmor')) skip('this kernel has AppArmor');
      const error = await rejects(box.run('touch /ran', { apparmorProfile: 'none-such' }), { code: 'SANDBOX_SETUP' });
      // What is written to attr/exec, proc_pid_attr(5).
      assert.match(error.message, 'stage label at "exec none-such"');
      assert.not(existsSync(join(box.upper, 'ran')));
    }));

  test('a killing action kills', () =>
    withBox(async (box) => {
      const profile = JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['getpgid'], action: 'SCMP_ACT_KILL_PROCESS' }],
      });
      await addProbe(box);
      assert.equal((await box.run(['probe', 'call', '1'], { seccomp: { profile } })).result, {
        kind: 'signaled',
        signal: 'SIGSYS',
        warnings: [],
      });
    }));

  test('what is no profile is an error before anything runs', () =>
    withBox(async (box) => {
      for (const profile of ['', '[]', '{}', '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"X"}]}'])
        await rejects(box.run('true', { seccomp: { profile } }), { code: 'USAGE', message: /^Cannot use the seccomp profile: / });
    }));

  test('the default profile follows the capabilities', () =>
    withBox(async (box) => {
      const status = 'grep -E "^(CapEff|Seccomp):" /proc/self/status';
      const { stdout } = await box.run(status, { capabilities: ['CAP_CHOWN', 'CAP_KILL'] });
      assert.is(stdout, 'CapEff:\t0000000000000021\nSeccomp:\t2\n');
    }));
});

suite('masks', (test) => {
  test('further paths are empty, by default hidden ones can be shown, and what can only be read stays so', () =>
    withBox(async (box) => {
      mkdirSync(join(box.image, 'etc/folder'), { recursive: true });
      writeFileSync(join(box.image, 'etc/secret'), 'secret');
      writeFileSync(join(box.image, 'etc/folder/f'), 'secret');
      const { stdout } = await box.run('cat /etc/secret; ls /etc/folder; ls /sys/firmware | wc -l; stat -c %t:%T /proc/interrupts', {
        mask: ['/etc/secret', '/etc/folder', '/etc/none'],
        unmask: ['/sys/firm*'],
      });
      // Nothing of the first two; the device that hides /proc/interrupts is /dev/null.
      assert.match(stdout, /^[1-9]\d*\n1:3\n$/);
      const all = await box.run('ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/pid_max || echo read-only', { unmask: ['all'] });
      assert.match(all.stdout, /^[1-9]\d*\nread-only\n$/);
    }));
});
