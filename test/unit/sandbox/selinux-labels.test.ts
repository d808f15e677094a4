import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { planConfinement } from '../../../src/sandbox/plan-confinement.js';
import { labelsOf, parseLabelOption, selinuxHost, selinuxLabels, sharedLabel } from '../../../src/sandbox/selinux-labels.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

// As container-selinux has it.
const CONTEXTS = `process = "system_u:system_r:container_t:s0"
content = "system_u:object_r:virt_var_lib_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file="system_u:object_r:container_ro_file_t:s0"
`;
const POLICY = { knows: () => true, mayStartAs: () => true };
const HOST = { contexts: CONTEXTS, categories: [12, 345], policy: POLICY } as const;

suite('selinuxLabels()', (test) => {
  // What go-selinux's label.InitLabels gives for the same words.
  const cases: readonly (readonly [options: string[], process: string, mount: string])[] = [
    [[], 'system_u:system_r:container_t:s0:c12,c345', 'system_u:object_r:container_file_t:s0:c12,c345'],
    [['type:spc_t'], 'system_u:system_r:spc_t:s0:c12,c345', 'system_u:object_r:container_file_t:s0:c12,c345'],
    [['level:s0:c1,c2'], 'system_u:system_r:container_t:s0:c1,c2', 'system_u:object_r:container_file_t:s0:c1,c2'],
    [['user:u', 'role:r'], 'u:r:container_t:s0:c12,c345', 'u:object_r:container_file_t:s0:c12,c345'],
    [['filetype:usr_t'], 'system_u:system_r:container_t:s0:c12,c345', 'system_u:object_r:usr_t:s0:c12,c345'],
    [['disable'], '', 'system_u:object_r:container_file_t:s0:c1022,c1023'],
  ];
  for (const [options, process, mount] of cases)
    test(options.join(' ') || 'by default', () => {
      assert.equal(selinuxLabels(options, HOST), { process, mount });
    });

  test('words that are none are refused', () => {
    for (const word of ['', 'typ:x', 'type', 'type:', 'enable']) assert.throws(() => parseLabelOption(word), RangeError, word);
  });

  test('a host has labels when its policy is in force', () =>
    withTempDir((directory) => {
      const root = `${directory}/`;
      assert.is(selinuxHost(root), undefined);
      for (const folder of ['sys/fs/selinux', 'etc/selinux/strict/contexts']) mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, 'sys/fs/selinux/enforce'), '1');
      assert.is(selinuxHost(root), undefined);
      writeFileSync(join(root, 'etc/selinux/config'), '# SELINUXTYPE=targeted\nSELINUXTYPE=strict\n');
      writeFileSync(join(root, 'etc/selinux/strict/contexts/lxc_contexts'), CONTEXTS);
      const host = selinuxHost(root);
      assert.is(host?.contexts, CONTEXTS);
      const [first, second] = host!.categories;
      assert.ok(first >= 0 && first < second && second < 1024);
    }));
});

suite('labelsOf()', (test) => {
  // Debian 12's policy has lxc_contexts, and none of the types in it.
  const without = { ...HOST, policy: { ...POLICY, knows: (context: string) => !context.includes('container') } };
  const forbidding = { ...HOST, policy: { ...POLICY, mayStartAs: () => false } };

  test('a policy without types for containers gives none, and is named where they are asked for', () => {
    assert.is(labelsOf([], without), undefined);
    assert.is(labelsOf(['disable'], without), undefined);
    assert.throws(() => labelsOf(['level:s0:c1'], without), /no context "system_u:system_r:container_t:s0:c1"/);
  });
  test('who may not start commands so does not, unless asked to', () => {
    assert.is(labelsOf([], forbidding), undefined);
    assert.is(labelsOf(['level:s0:c1'], forbidding)?.process, 'system_u:system_r:container_t:s0:c1');
  });
  test('what is shared has no categories', () => {
    assert.is(sharedLabel('system_u:object_r:container_file_t:s0:c1,c2'), 'system_u:object_r:container_file_t:s0');
  });
});

suite('planConfinement()', (test) => {
  test('nothing said: the default filter, and labels where there is SELinux', () => {
    assert.equal(planConfinement({}, undefined), { seccomp: 'default' });
    assert.equal(planConfinement({}, HOST), { seccomp: 'default', selinux: selinuxLabels([], HOST) });
  });
  test('labels where there is SELinux, none where there is not', () => {
    const confinement = { label: ['type:spc_t'], apparmor: 'unconfined' };
    assert.is(planConfinement(confinement, HOST).selinux?.process, 'system_u:system_r:spc_t:s0:c12,c345');
    assert.equal(planConfinement(confinement, undefined), { seccomp: 'default' });
  });
  test('everything else as it is', () => {
    const plan = { seccomp: 'unconfined', capabilities: [], noNewPrivileges: true, mask: ['/a'], unmask: ['all'] } as const;
    assert.equal(planConfinement({ ...plan, apparmor: 'name' }, undefined), { ...plan, apparmorProfile: 'name' });
  });
});
