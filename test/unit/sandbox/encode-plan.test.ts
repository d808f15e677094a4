import * as assert from 'uvu/assert';
import { encodePlan } from '../../../src/sandbox/encode-plan.js';
import type { SandboxPlan } from '../../../src/sandbox/index.js';
import { suite } from '../../support/suite.js';

const PLAN: SandboxPlan = {
  rootfs: { lowers: ['/s/top', '/s/base'], upper: '/u', work: '/w', overlayXattrs: 'user' },
  argv: ['/bin/sh', '-c', 'echo "é"'],
  env: ['PATH=/bin', 'EMPTY='],
  cwd: '/app',
  user: { uid: 1000, gid: 1001, groups: [4, 5] },
  network: 'none',
  hostname: 'box',
  mounts: [],
  files: [],
  seccomp: 'default',
  singleId: false,
  stdio: 'pipe',
};
const DESCRIPTORS = { sources: [7, 8], filters: { profile: 5, fence: 8, notify: 6, fallback: undefined }, parent: 42 };

function entriesOf(plan: SandboxPlan): [string, string][] {
  const parts = encodePlan(plan, DESCRIPTORS).toString('utf8').split('\0');
  assert.is(parts.pop(), '', 'ends in NUL');
  return Array.from({ length: parts.length / 2 }, (_, index) => [parts[index * 2] as string, parts[index * 2 + 1] as string]);
}

function valuesOf(plan: SandboxPlan, name: string): string[] {
  return entriesOf(plan)
    .filter(([key]) => key === name)
    .map(([, value]) => value);
}

suite('encodePlan()', (test) => {
  const cases: readonly (readonly [name: string, values: readonly string[]])[] = [
    ['version', ['1']],
    ['parent', ['42']],
    ['lower', ['/s/top', '/s/base']],
    ['upper', ['/u']],
    ['work', ['/w']],
    ['directory', []],
    ['overlay-xattrs', ['user']],
    ['argument', ['/bin/sh', '-c', 'echo "é"']],
    ['environment', ['PATH=/bin', 'EMPTY=']],
    ['cwd', ['/app']],
    ['uid', ['1000']],
    ['gid', ['1001']],
    ['group', ['4', '5']],
    ['filter-fd', ['5', '8']],
    ['notify-filter-fd', ['6']],
    ['fallback-filter-fd', []],
    ['network', ['none']],
    ['new-session', ['1']],
    ['single-id', ['0']],
    ['no-new-privileges', ['0']],
    // linux/capability.h
    ['capability', ['0', '1', '3', '4', '5', '10', '31', '6', '8', '7', '18']],
  ];
  for (const [name, values] of cases)
    test(`${name}: ${values.join(' ')}`, () => {
      assert.equal(valuesOf(PLAN, name), values);
    });

  test('limits go by the numbers of the kernel', () => {
    const limits = [
      { name: 'nofile', soft: 64, hard: 128 },
      { name: 'core', soft: 0, hard: 'unlimited' },
    ] as const;
    assert.equal(valuesOf({ ...PLAN, limits }, 'limit'), ['7:64:128', '4:0:unlimited']);
  });
  test('sysctls are paths and values', () => {
    const sysctls = [{ path: 'kernel/sem', value: '1 2 3 4' }];
    assert.equal(valuesOf({ ...PLAN, sysctls }, 'sysctl'), ['kernel/sem=1 2 3 4']);
  });

  test('the size of /dev/shm is left to the launcher unless asked for', () => {
    assert.equal(valuesOf(PLAN, 'shm-size'), []);
    assert.equal(valuesOf({ ...PLAN, shmSizeBytes: 1 << 20 }, 'shm-size'), ['1048576']);
  });

  test('mounts keep their order, each with its own entries; descriptors are taken in turn', () => {
    const plan: SandboxPlan = {
      ...PLAN,
      mounts: [
        { kind: 'bind', source: 99, target: '/a', readOnly: true },
        { kind: 'bind', source: '/host', target: '/b', recursive: true, propagation: 'slave' },
        { kind: 'tmpfs', target: '/c', sizeBytes: 1024, modeBits: 0o700, noexec: true },
        { kind: 'bind', source: 98, target: '/d' },
      ],
      files: [{ target: '/etc/hosts', content: 'a\0b', mode: 0o400, uid: 7 }],
    };
    const all = entriesOf(plan).filter(([name]) => name.startsWith('mount'));
    const groups = all.reduce<Record<string, string>[]>((list, [name, value]) => {
      if (name === 'mount') list.push({ kind: value });
      else (list.at(-1) as Record<string, string>)[name.slice('mount-'.length)] = value;
      return list;
    }, []);
    const flags = { 'read-only': '0', nosuid: '0', nodev: '0', noexec: '0' };
    assert.equal(groups, [
      { kind: 'bind', target: '/a', 'source-fd': '7', recursive: '0', ...flags, 'read-only': '1' },
      { kind: 'bind', target: '/b', source: '/host', recursive: '1', propagation: 'slave', ...flags },
      { kind: 'tmpfs', target: '/c', size: '1024', mode: '700', uid: '0', gid: '0', ...flags, noexec: '1' },
      { kind: 'bind', target: '/d', 'source-fd': '8', recursive: '0', ...flags },
      { kind: 'file', target: '/etc/hosts', mode: '400', uid: '7', gid: '0', 'read-only': '0', content: '610062' },
    ]);
  });

  test('without masks nothing of /proc and /sys is hidden', () => {
    const names = ['masked', 'read-only', 'writable-sys'];
    const given = (plan: SandboxPlan) => names.map((name) => valuesOf(plan, name).length > 0);
    assert.equal(
      [given(PLAN), given({ ...PLAN, unmasked: true })],
      [
        [true, true, false],
        [false, false, true],
      ],
    );
  });

  test('a directory root has no overlay entries', () => {
    const plan = { ...PLAN, rootfs: { directory: '/r' } };
    assert.equal(valuesOf(plan, 'directory'), ['/r']);
    assert.equal(valuesOf(plan, 'lower'), []);
    assert.equal(valuesOf(plan, 'overlay-xattrs'), []);
  });

  test('a NUL byte cannot smuggle entries in', () => {
    for (const plan of [
      { ...PLAN, argv: ['x\0uid\x000'] },
      { ...PLAN, env: ['A=\0'] },
      { ...PLAN, cwd: '/\0' },
    ])
      assert.throws(() => encodePlan(plan, DESCRIPTORS), /NUL byte/);
  });

  test('an unknown capability is refused', () => {
    assert.throws(() => encodePlan({ ...PLAN, capabilities: ['CAP_ALL'] }, DESCRIPTORS), /Unknown capability "CAP_ALL"/);
  });

  test('an empty list of capabilities is none', () => {
    assert.equal(valuesOf({ ...PLAN, capabilities: [] }, 'capability'), []);
  });
});
