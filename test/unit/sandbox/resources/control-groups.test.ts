import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { openControlGroups } from '../../../../src/sandbox/resources/control-groups.js';
import { limitSupport } from '../../../../src/sandbox/resources/group-parent.js';
import { findHierarchies, type Hierarchies } from '../../../../src/sandbox/resources/hierarchies.js';
import { parseProcessorList, settingsOf } from '../../../../src/sandbox/resources/resource-limits.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

const V1_MOUNTS = `30 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /HERE/cpu rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 /docker/a /HERE/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /HERE/unified rw - cgroup2 cgroup2 rw
`;

suite('findHierarchies()', (test) => {
  test('names the own group of each controller; a container may see its own as the top', () =>
    withTempDir((directory) => {
      mkdirSync(join(directory, 'self'));
      for (const path of ['cpu/job', 'memory/part', 'unified']) mkdirSync(join(directory, path), { recursive: true });
      writeFileSync(join(directory, 'self/mountinfo'), V1_MOUNTS.replaceAll('/HERE', directory));
      writeFileSync(join(directory, 'self/cgroup'), '4:memory:/docker/a/part\n3:cpu,cpuacct:/job\n0::/gone\n');
      const { legacy, unified } = findHierarchies(directory);
      assert.equal([...legacy].sort(), [
        ['cpu', { top: join(directory, 'cpu'), own: join(directory, 'cpu/job') }],
        ['memory', { top: join(directory, 'memory'), own: join(directory, 'memory/part') }],
      ]);
      // A group that cannot be seen from here.
      assert.equal(unified, { top: join(directory, 'unified'), own: join(directory, 'unified') });
    }));
});

suite('settingsOf()', (test) => {
  // By hand from Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of Linux.
  test('gives the files of both versions', () => {
    const settings = settingsOf({
      memoryBytes: 1000,
      memorySwapBytes: 3000,
      cpuQuotaMicroseconds: 50_000,
      cpuPeriodMicroseconds: 200_000,
      cpuShares: 1024,
      cpusetCpus: '0-1',
      cpusetMems: '0',
      pids: 9,
    });
    assert.equal(
      settings.map(({ v1 }) => v1),
      [
        ['memory.limit_in_bytes', '1000'],
        ['memory.memsw.limit_in_bytes', '3000'],
        ['cpu.cfs_period_us', '200000'],
        ['cpu.cfs_quota_us', '50000'],
        ['cpu.shares', '1024'],
        ['cpuset.cpus', '0-1'],
        ['cpuset.mems', '0'],
        ['pids.max', '10'],
      ],
    );
    assert.equal(
      settings.map(({ v2 }) => v2),
      [
        ['memory.max', '1000'],
        ['memory.swap.max', '2000'],
        ['cpu.max', '50000 200000'],
        ['cpu.max', '50000 200000'],
        // crun.1: 1 + ((1024 - 2) * 9999) / 262142 = 39.98
        ['cpu.weight', '39'],
        ['cpuset.cpus', '0-1'],
        ['cpuset.mems', '0'],
        ['pids.max', '10'],
      ],
    );
    assert.equal(settingsOf({ memorySwapBytes: -1 })[0]?.v2, ['memory.swap.max', 'max']);
    assert.equal(settingsOf({ cpuQuotaMicroseconds: -1 })[0]?.v2, ['cpu.max', 'max 100000']);
  });

  test('lists of processors', () => {
    assert.equal(parseProcessorList('0-2,5'), [0, 1, 2, 5]);
    for (const wrong of ['', '2-1', 'a', '1,']) assert.throws(() => parseProcessorList(wrong), RangeError);
  });
});

function unifiedIn(directory: string): Hierarchies {
  return { unified: { top: directory, own: join(directory, 'own') }, legacy: new Map() };
}

/** With the files that the kernel makes in each group of version 2 but the root of all. */
function makeFakeGroup(
  directory: string,
  { processes, handed, present }: Record<'handed' | 'present', readonly string[]> & { readonly processes: readonly number[] },
): void {
  writeFileSync(join(directory, 'cgroup.type'), 'domain');
  writeFileSync(join(directory, 'cgroup.procs'), processes.map((pid) => `${pid}\n`).join(''));
  writeFileSync(join(directory, 'cgroup.subtree_control'), handed.join(' '));
  writeFileSync(join(directory, 'cgroup.controllers'), present.join(' '));
}

suite('openControlGroups()', (test) => {
  test('version 2: hands the controllers on', () =>
    withTempDir((directory) => {
      const own = join(directory, 'own');
      mkdirSync(own);
      writeFileSync(join(own, 'cgroup.subtree_control'), 'io');
      const groups = openControlGroups({ pids: 3 }, unifiedIn(directory));
      assert.is(groups.directories.length, 1);
      assert.match(groups.directories[0]!, join(own, 'tsbuild-'));
      // A plain directory has not the file that the kernel would have made: that is told.
      assert.match(groups.shortfall!, /^not enforced: --pids-limit: "4" cannot be written to pids\.max \(ENOENT\)/);
      assert.is(readFileSync(join(own, 'cgroup.subtree_control'), 'utf8'), '+pids');
      groups.close();
      assert.not.ok(existsSync(groups.directories[0]!));
    }));

  test('version 2: a group that is shared makes room above it, for all controllers at one place', () =>
    withTempDir((directory) => {
      const [slice, scope] = [join(directory, 'slice'), join(directory, 'slice/scope')];
      mkdirSync(scope, { recursive: true });
      makeFakeGroup(directory, { processes: [1], handed: ['pids'], present: ['memory', 'pids'] });
      makeFakeGroup(slice, { processes: [], handed: ['pids'], present: ['pids'] });
      makeFakeGroup(scope, { processes: [1, process.pid], handed: [], present: ['pids'] });
      const host = { unified: { top: directory, own: scope }, legacy: new Map() };
      const parentOf = (limits: Parameters<typeof openControlGroups>[0]): string => {
        const groups = openControlGroups(limits, host);
        groups.close();
        return dirname(groups.directories[0]!);
      };
      assert.is(parentOf({ pids: 3 }), slice);
      // The slice has no memory, and the top has processes in it: nothing is moved, and the reason is said.
      const both = openControlGroups({ pids: 3, memoryBytes: 5000 }, host);
      assert.equal(both.directories, []);
      assert.match(both.shortfall!, `no group can be made in ${scope} (EBUSY)`);
      assert.not.ok(existsSync(join(scope, 'tsbuild')));
      assert.is(limitSupport(host), 'shared');
      // The root of all groups may have processes.
      rmSync(join(directory, 'cgroup.type'));
      assert.is(parentOf({ pids: 3, memoryBytes: 5000 }), directory);
      assert.match(readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8'), /^\+/);
    }));

  test('version 2: who is alone in a group makes room in it, once', () =>
    withTempDir((directory) => {
      const own = join(directory, 'own');
      mkdirSync(join(own, 'tsbuild'), { recursive: true });
      makeFakeGroup(own, { processes: [process.pid], handed: [], present: ['memory', 'pids', 'cpu'] });
      makeFakeGroup(join(own, 'tsbuild'), { processes: [], handed: [], present: [] });
      const groups = openControlGroups({ pids: 3 }, unifiedIn(directory));
      assert.is(dirname(groups.directories[0]!), own);
      groups.close();
      assert.is(readFileSync(join(own, 'tsbuild/cgroup.procs'), 'utf8'), String(process.pid));
      const moved = { unified: { top: directory, own: join(own, 'tsbuild') }, legacy: new Map() };
      const again = openControlGroups({ pids: 3 }, moved);
      assert.is(dirname(again.directories[0]!), own);
      again.close();
    }));

  test('limitSupport() says what there is', () =>
    withTempDir((directory) => {
      const own = join(directory, 'own');
      mkdirSync(own);
      assert.is(limitSupport(unifiedIn(directory)), 'closed');
      makeFakeGroup(own, { processes: [process.pid], handed: [], present: ['memory', 'pids', 'cpu'] });
      assert.is(limitSupport(unifiedIn(directory)), 'delegated');
      assert.is(limitSupport({ unified: undefined, legacy: new Map() }), 'absent');
      const place = { top: directory, own };
      assert.is(limitSupport({ unified: place, legacy: new Map([['memory', place]]) }), 'v1');
    }));

  test('what cannot be had is told in one line, and replaced as far as that goes', () =>
    withTempDir((directory) => {
      const limits = { memoryBytes: 5000, cpusetCpus: '0,2', cpuShares: 10 };
      const groups = openControlGroups(limits, { unified: undefined, legacy: new Map() });
      assert.equal(groups.directories, []);
      assert.equal([groups.dataBytes, groups.processors], [5000, [0, 2]]);
      assert.match(
        groups.shortfall!,
        /^not enforced: --memory \(each process alone is limited\), --cpu-shares, --cpuset-cpus \(commands can undo it\): there is no control group for memory; .*systemd-run/,
      );
      assert.not.ok(groups.wasOutOfMemory());
      assert.ok(existsSync(directory));
    }));

  for (const [version, file] of [
    ['2', 'memory.events'],
    ['1', 'memory.oom_control'],
  ] as const) {
    test(`version ${version}: a kill for want of memory is seen`, () =>
      withTempDir((directory) => {
        const own = join(directory, 'own');
        mkdirSync(own);
        writeFileSync(join(own, 'cgroup.subtree_control'), 'memory');
        const groups = openControlGroups({ memoryBytes: 5000 }, unifiedIn(directory));
        writeFileSync(join(groups.directories[0]!, file), 'low 0\noom_kill 0\n');
        assert.not.ok(groups.wasOutOfMemory());
        writeFileSync(join(groups.directories[0]!, file), 'low 0\noom_kill 2\n');
        assert.ok(groups.wasOutOfMemory());
      }));
  }
});
