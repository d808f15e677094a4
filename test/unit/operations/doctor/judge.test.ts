import * as assert from 'uvu/assert';
import type { Facts } from '../../../../src/operations/doctor/facts.js';
import { exitStatusOf, judge } from '../../../../src/operations/doctor/judge.js';
import { suite } from '../../../support/suite.js';

/** An ordinary user's machine on which all is well. */
const WELL: Facts = {
  user: 'ann',
  rootless: true,
  kernel: '6.1.0-13-amd64',
  entered: true,
  idMode: 'mapped',
  idProblem: undefined,
  sysctls: { 'user.max_user_namespaces': '15000' },
  mappers: ['newuidmap', 'newgidmap'].map((name) => ({ name, path: `/usr/bin/${name}`, privileged: true })),
  overlayProblem: undefined,
  storeRoot: '/home/ann/store',
  landlock: { version: 7, holds: true },
  seccompActions: ['kill_process', 'errno', 'user_notif', 'allow'],
  tun: 'usable',
  networkHelper: 'pasta',
  helperProfile: undefined,
  defaultNetwork: { kind: 'private', helper: 'pasta' },
  cgroups: 'delegated',
  selinux: 'absent',
  selinuxLabels: false,
  freeBytes: 50 * 2 ** 30,
  freeInodes: 1_000_000,
  clockBehindMs: -1000,
};
const [uidMapper, gidMapper] = WELL.mappers;

suite('operations/doctor', (test) => {
  test('a machine on which all is well', () => {
    const findings = judge(WELL);
    assert.equal([...new Set(findings.map(({ verdict }) => verdict))], ['ok']);
    assert.is(exitStatusOf(findings), 0);
  });

  const cases: readonly (readonly [title: string, change: Partial<Facts>, subject: string, verdict: string, remedy: RegExp])[] = [
    ['an old kernel', { kernel: '5.10.0' }, 'kernel', 'degraded', /5\.11/],
    [
      'no user namespaces by their number',
      { entered: false, sysctls: { 'user.max_user_namespaces': '0' } },
      'user namespaces',
      'missing',
      /^sudo sysctl -w user\.max_user_namespaces=15000$/,
    ],
    [
      'no user namespaces by Debian’s switch',
      { entered: false, sysctls: { 'kernel.unprivileged_userns_clone': '0' } },
      'user namespaces',
      'missing',
      /^sudo sysctl -w kernel\.unprivileged_userns_clone=1$/,
    ],
    [
      'no user namespaces by AppArmor',
      { entered: false, sysctls: { 'kernel.apparmor_restrict_unprivileged_userns': '1' } },
      'AppArmor',
      'missing',
      /^sudo sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0$/,
    ],
    ['no user namespaces in a container', { entered: false, sysctls: {} }, 'user namespaces', 'missing', /seccomp=unconfined/],
    [
      'no newuidmap',
      { mappers: [{ name: 'newuidmap', path: undefined, privileged: false }, gidMapper!] },
      'newuidmap',
      'degraded',
      /^sudo apt-get install uidmap /,
    ],
    [
      'newuidmap without privilege',
      { mappers: [{ ...uidMapper!, privileged: false }, gidMapper!] },
      'newuidmap',
      'degraded',
      /^sudo chmod u\+s \/usr\/bin\/newuidmap$/,
    ],
    ['one id', { idMode: 'single', idProblem: 'none there' }, 'subordinate ids', 'degraded', /^sudo usermod --add-subuids .* ann$/],
    ['no overlay', { overlayProblem: 'EINVAL' }, 'overlay', 'degraded', /--root DIRECTORY$/],
    ['no notification', { seccompActions: ['errno', 'allow'] }, 'seccomp', 'degraded', /Linux 5\.0/],
    ['no seccomp', { seccompActions: [] }, 'seccomp', 'missing', /CONFIG_SECCOMP_FILTER/],
    ['a closed tun device', { tun: 'closed' }, 'tun device', 'degraded', /^sudo chmod 0666 \/dev\/net\/tun$/],
    ['no tun device', { tun: 'absent' }, 'tun device', 'degraded', /^sudo modprobe tun$/],
    ['no network helper', { networkHelper: undefined }, 'pasta', 'degraded', /^sudo apt-get install passt /],
    [
      'no private network that works',
      { defaultNetwork: { kind: 'host', reason: 'pasta carries no DNS answers here' } },
      'network',
      'degraded',
      /--network host/,
    ],
    ['a network that was not tried', { defaultNetwork: undefined }, 'network', 'degraded', /--network private/],
    ['cgroups that are not delegated', { cgroups: 'closed' }, 'cgroups', 'degraded', /^systemd-run --user --scope -p Delegate=yes /],
    ['a group with processes of others', { cgroups: 'shared' }, 'cgroups', 'degraded', /^systemd-run --user --scope /],
    ["root's group with processes of others", { cgroups: 'shared', rootless: false }, 'cgroups', 'degraded', /^systemd-run --scope /],
    [
      'pasta that its profile confines',
      { helperProfile: '/etc/apparmor.d/usr.bin.passt', defaultNetwork: { kind: 'host', reason: 'pasta did not start' } },
      'pasta',
      'degraded',
      /^sudo apt-get install slirp4netns .*apparmor_parser -R \/etc\/apparmor\.d\/usr\.bin\.passt\)$/,
    ],
    ['cgroups of version 1', { cgroups: 'v1' }, 'cgroups', 'degraded', /unified_cgroup_hierarchy=1$/],
    ['little space', { freeBytes: 2 ** 30 }, 'disk space', 'degraded', /^tsbuild prune --all/],
    ['no space', { freeBytes: 1000 }, 'disk space', 'missing', /^tsbuild prune --all/],
    ['few inodes', { freeInodes: 10 }, 'disk space', 'degraded', /^tsbuild prune --all/],
    ['a clock that is behind', { clockBehindMs: 86_400_000 }, 'clock', 'degraded', /^sudo timedatectl set-ntp true$/],
  ];
  test('why pasta is passed over for another helper is said, with a profile that confines it', () => {
    const found = (change: Partial<Facts>): string | undefined =>
      judge({ ...WELL, ...change }).find(({ subject }) => subject === 'pasta')?.found;
    const defaultNetwork = { kind: 'private', helper: 'slirp4netns', passedOver: 'pasta did not start' } as const;
    assert.is(found({ defaultNetwork }), 'installed, and passed over for slirp4netns: pasta did not start');
    const helperProfile = '/etc/apparmor.d/usr.bin.passt';
    assert.is(
      found({ defaultNetwork, helperProfile }),
      'installed, and passed over for slirp4netns: pasta did not start; the AppArmor profile /etc/apparmor.d/usr.bin.passt confines it',
    );
    assert.is(found({ helperProfile }), 'installed');
    assert.is(found({ helperProfile, tun: 'closed', defaultNetwork: { kind: 'host', reason: 'the device is closed' } }), 'installed');
  });

  for (const [title, change, subject, verdict, remedy] of cases)
    test(`${title}: ${subject} is ${verdict}, with what it costs and what mends it`, () => {
      const findings = judge({ ...WELL, ...change });
      const finding = findings.find((one) => one.subject === subject);
      assert.is(finding?.verdict, verdict);
      assert.match(finding?.remedy ?? '', remedy);
      assert.ok((finding?.cost ?? '').length > 10);
      assert.is(exitStatusOf(findings), verdict === 'missing' ? 2 : 1);
    });

  for (const [title, landlock, found] of [
    ['says which Landlock holds', { version: 7, holds: true }, /^version 7: /],
    ['says that there is no Landlock, which is no fault', { version: 0, holds: false }, /^not there/],
    ['says that a Landlock too old is not used', { version: 1, holds: false }, /^version 1 is not used$/],
    ['says that Landlock was not tried', undefined, /^not tried/],
  ] as const)
    test(`judge() ${title}`, () => {
      const finding = judge({ ...WELL, landlock }).find(({ subject }) => subject === 'Landlock');
      assert.is(finding?.verdict, 'ok');
      assert.match(finding?.found ?? '', found);
    });

  test('root needs neither namespaces nor ids', () => {
    const findings = judge({
      ...WELL,
      rootless: false,
      idMode: 'root',
      mappers: [],
      cgroups: 'v1',
      sysctls: { 'user.max_user_namespaces': '0' },
    });
    assert.is(exitStatusOf(findings), 0);
  });
});
