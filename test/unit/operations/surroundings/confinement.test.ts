import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readConfinement } from '../../../../src/operations/surroundings/confinement.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const read = (securityOptions: readonly string[], add: readonly string[] = [], drop: readonly string[] = []) =>
  readConfinement({ addCapabilities: add, dropCapabilities: drop, securityOptions });

suite('readConfinement()', (test) => {
  test('nothing said is nothing', async () => {
    assert.equal(await read([]), {});
  });

  test('security options', async () => {
    assert.equal(
      await read([
        ...['no-new-privileges', 'seccomp=unconfined', 'apparmor=unconfined', 'label=type:a', 'label=level:s0:c1'],
        ...['mask=/a:/b', 'mask=/c', 'unmask=/proc/*', 'unmask=ALL'],
      ]),
      {
        noNewPrivileges: true,
        seccomp: 'unconfined',
        apparmor: 'unconfined',
        label: ['type:a', 'level:s0:c1'],
        mask: ['/a', '/b', '/c'],
        unmask: ['/proc/*', 'all'],
      },
    );
  });

  test('a profile is its text', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'profile.json'), '{}');
      assert.equal(await read([`seccomp=${join(directory, 'profile.json')}`]), { seccomp: { profile: '{}' } });
    }));

  test('capabilities by commas, on top of what a container has', async () => {
    assert.equal(
      await readConfinement(
        { addCapabilities: ['bpf,CAP_SYSLOG'], dropCapabilities: ['kill'], securityOptions: [] },
        { capabilities: ['CAP_KILL'] },
      ),
      {
        capabilities: ['CAP_SYSLOG', 'CAP_BPF'],
      },
    );
  });

  for (const option of [
    'seccomp',
    'seccomp=',
    'seccomp=/none',
    'mask=relative',
    'mask=/a/../b',
    'unmask=',
    'label=type',
    'no-new-privileges=maybe',
    'systempaths=unconfined',
  ])
    test(`${option} is refused`, () => rejects(read([option]), { code: 'USAGE' }));

  test('unknown capabilities are refused', () =>
    rejects(read([], ['nothing']), { code: 'USAGE', message: /unknown capability "nothing"/ }));
});
