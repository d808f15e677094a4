import { existsSync, readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { idModeOf, withTestStore } from '../support/tsbuild.js';

interface Diagnosis {
  readonly findings: readonly { readonly subject: string; readonly verdict: string; readonly cost?: string; readonly remedy?: string }[];
  readonly exitStatus: number;
}

const SUBJECTS =
  'kernel, user namespaces, AppArmor, SELinux, newuidmap, subordinate ids, overlay, seccomp, Landlock, tun device, pasta, network, cgroups, disk space, clock';

suite('tsbuild doctor', (test) => {
  test('says of each part how it is, and the exit status tells the worst', () =>
    withTestStore(async (store) => {
      const { stdout, status } = await store.tsbuild(['doctor', '--json']);
      const { findings, exitStatus } = JSON.parse(stdout) as Diagnosis;
      assert.is(findings.map(({ subject }) => subject).join(', '), SUBJECTS);
      assert.is(status, exitStatus);
      const worst = findings.some(({ verdict }) => verdict === 'missing')
        ? 2
        : findings.some(({ verdict }) => verdict === 'degraded')
          ? 1
          : 0;
      assert.is(status, worst);
      for (const { subject, verdict, cost, remedy } of findings) {
        assert.ok(['ok', 'degraded', 'missing'].includes(verdict), subject);
        assert.is(cost !== undefined && remedy !== undefined, verdict !== 'ok', subject);
      }
      const mode = await idModeOf(store);
      assert.is(findings.find(({ subject }) => subject === 'subordinate ids')?.verdict, mode === 'single' ? 'degraded' : 'ok');
      // Builds in these tests mount overlays, so the doctor can.
      assert.is(findings.find(({ subject }) => subject === 'overlay')?.verdict, 'ok');
    }));

  test('shows a line for each, and leaves nothing behind', () =>
    withTestStore(async (store) => {
      const { stdout, stderr } = await store.tsbuild(['doctor']);
      assert.is(stderr, '');
      assert.equal([...stdout.matchAll(/^(?:ok|degraded|missing)\s+\S/gm)].length, SUBJECTS.split(', ').length);
      assert.not(existsSync(store.root));
      assert.equal(readdirSync(store.directory), ['run']);
    }));

  test('runs where user namespaces cannot be made, and says so', () =>
    withTestStore(async (store) => {
      if ((await idModeOf(store)) === 'root') skip('root needs no user namespaces');
      // A namespace in which no further one may be made.
      const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"';
      const argv = [
        'unshare',
        '--user',
        '--map-current-user',
        '--keep-caps',
        'sh',
        '-c',
        script,
        'sh',
        ...store.argv(['doctor', '--json']),
      ];
      const { run } = await import('../support/tsbuild.js');
      const { stdout, stderr, status } = await run(argv);
      if (stdout === '') skip(`no such namespace here: ${stderr.trim().slice(0, 200)}`);
      assert.is(status, 2, stdout);
      const { findings } = JSON.parse(stdout) as Diagnosis;
      assert.is(findings.find(({ subject }) => subject === 'user namespaces')?.verdict, 'missing', stdout);
    }));
});
