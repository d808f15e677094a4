import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openControlGroups } from '../../../../src/sandbox/resources/control-groups.js';
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
