import * as assert from 'uvu/assert';
import { ociConfig } from '../../../../src/sandbox/oci/config.js';
import type { SandboxPlan } from '../../../../src/sandbox/plan.js';
import { suite } from '../../../support/suite.js';

const PLAN: SandboxPlan = {
  rootfs: { directory: '/r' },
  argv: ['make', 'all'],
  env: ['A=1'],
  cwd: '/src',
  user: { uid: 7, gid: 8, groups: [9] },
  network: { path: '/run/netns/x' },
  hostname: 'box',
  mounts: [],
  files: [],
  limits: [{ name: 'nofile', soft: 10, hard: 20 }],
  resources: { memoryBytes: 100, cpuShares: 5, cpusetCpus: '0', pids: 4 },
  seccomp: { profile: '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]}' },
  singleId: false,
  stdio: 'pipe',
};

// Names and places by hand from config.md and config-linux.md of the runtime specification 1.2.
type Config = Record<'process' | 'root' | 'linux', Record<string, unknown>> & { readonly mounts: readonly Record<string, unknown>[] };

suite('ociConfig()', (test) => {
  const options = { rootfs: '/bundle/rootfs', mounts: [{ destination: '/m', source: '/s', options: ['bind'] }], cgroupsPath: '/a/b' };

  test('says what the plan says, in the words of the specification', () => {
    const { process, root, linux, mounts } = ociConfig(PLAN, options) as Config;
    assert.equal(process.args, ['make', 'all']);
    assert.equal(process.user, { uid: 7, gid: 8, additionalGids: [9], umask: 18 });
    assert.equal(process.rlimits, [
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      { type: 'RLIMIT_NOFILE', soft: 10, hard: 20 },
    ]);
    const { bounding, effective, permitted } = process.capabilities as Record<string, readonly string[]>;
    assert.ok(bounding!.includes('CAP_CHOWN'));
    // A user other than root has them in the bounding set only.
    assert.equal([effective, permitted], [[], []]);
    assert.equal(root, { path: '/bundle/rootfs', readonly: false });
    assert.equal(linux.resources, { memory: { limit: 100 }, cpu: { shares: 5, cpus: '0' }, pids: { limit: 4 } });
    assert.is(linux.cgroupsPath, '/a/b');
    assert.ok(
      (linux.namespaces as { type: string; path?: string }[]).some(({ type, path }) => type === 'network' && path === '/run/netns/x'),
    );
    assert.equal((linux.seccomp as { syscalls: unknown }).syscalls, [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }]);
    assert.ok((linux.maskedPaths as string[]).includes('/proc/kcore'));
    assert.ok((linux.maskedPaths as string[]).includes('/sys/fs/cgroup'));
    assert.equal(mounts.at(-1), { destination: '/m', source: '/s', options: ['bind'], type: 'bind' });
    assert.is(mounts.find(({ destination }) => destination === '/sys')?.type, 'sysfs');
  });

  test('sysctls have dots for slashes', () => {
    const sysctls = [{ path: 'net/ipv4/ip_default_ttl', value: '77' }];
    assert.equal((ociConfig({ ...PLAN, sysctls }, options) as Config).linux.sysctl, { 'net.ipv4.ip_default_ttl': '77' });
    assert.is((ociConfig(PLAN, options) as Config).linux.sysctl, undefined);
  });

  test('a terminal is for a plan that wants one', () => {
    const [terminal, piped] = (['terminal', 'pipe'] as const).map((stdio) => ociConfig({ ...PLAN, stdio }, options) as Config);
    assert.equal([terminal!.process.terminal, piped!.process.terminal], [true, false]);
  });

  test('a user namespace of its own has its ids, and the /sys of the host unless the network is its own too', () => {
    const range = { inside: 0, outside: 300000, count: 1000 };
    const ids = { uids: [range], gids: [{ ...range, outside: 400000 }] };
    const { linux, mounts } = ociConfig({ ...PLAN, userNamespace: ids }, options) as Config;
    assert.equal(linux.uidMappings, [{ containerID: 0, hostID: 300000, size: 1000 }]);
    assert.equal(linux.gidMappings, [{ containerID: 0, hostID: 400000, size: 1000 }]);
    assert.ok((linux.namespaces as { type: string; path?: string }[]).some(({ type, path }) => type === 'user' && path === undefined));
    assert.is(mounts.find(({ destination }) => destination === '/sys')?.type, 'bind');
    const apart = ociConfig({ ...PLAN, network: 'none', userNamespace: ids }, options) as Config;
    assert.is(apart.mounts.find(({ destination }) => destination === '/sys')?.type, 'sysfs');
    assert.is((ociConfig(PLAN, options) as Config).linux.uidMappings, undefined);
  });

  test('without real root nothing is said of control groups, and /sys is that of the host, read-only', () => {
    const { linux, mounts } = ociConfig({ ...PLAN, network: 'host' }, { ...options, cgroupsPath: undefined }) as Config;
    assert.equal([linux.resources, linux.cgroupsPath], [undefined, undefined]);
    assert.not.ok((linux.namespaces as { type: string }[]).some(({ type }) => type === 'cgroup' || type === 'network'));
    const sys = mounts.find(({ destination }) => destination === '/sys');
    assert.is(sys?.type, 'bind');
    assert.ok((sys?.options as string[] | undefined)?.includes('ro'));
  });
});
