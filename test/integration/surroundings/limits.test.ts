import { accessSync, constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { findHierarchies } from '../../../src/sandbox/resources/hierarchies.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, type Run, type TestStore, withTestStore } from '../../support/tsbuild.js';

async function build(store: TestStore, command: string, args: readonly string[]): Promise<Run> {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\nRUN ${command}\n`);
  return store.tsbuild(['bud', '--no-cache', '--network', 'host', ...args, context]);
}

/** The own group of a controller, if it is one of version 1 that can be written to. */
function ownGroup(controller: 'memory' | 'pids' | 'cpu'): string {
  const own = findHierarchies().legacy.get(controller)?.own;
  if (own === undefined) skip('version 1 of control groups has no such controller here');
  try {
    accessSync(own, constants.W_OK);
  } catch {
    skip('control groups are closed to this user');
  }
  return own;
}

function leftOvers(own: string): string[] {
  return readdirSync(own).filter((name) => name.startsWith('tsbuild-'));
}

suite('--memory, --cpus, --pids-limit and the like', (test) => {
  test('a command that wants more memory than it may have is killed, and that is named', () =>
    withTestStore(async (store) => {
      const own = ownGroup('memory');
      await addBusybox(store);
      const command = 'dd if=/dev/zero of=/dev/shm/x bs=1M count=64';
      const { status, stderr } = await build(store, command, ['--memory', '20m', '--shm-size', '100m']);
      assert.is(status, 137);
      assert.match(stderr, /killed by SIGKILL; out of memory: its processes used up what --memory allows/);
      assert.equal(leftOvers(own), []);
      assert.is((await build(store, command, ['--memory', '500m', '--shm-size', '100m'])).status, 0);
      await store.ok(['from', '--name', 'c', '--memory', '20m', '--shm-size', '100m', '--network', 'host', 'busybox']);
      const run = await store.tsbuild(['run', 'c', 'sh', '-c', command]);
      assert.is(run.status, 137);
      assert.match(run.stderr, 'exit status 137; out of memory: its processes used up what --memory allows\n');
      // A kill that has nothing to do with memory, and a failure, are not called so.
      for (const other of ['kill -9 $$', 'exit 137']) {
        const { status, stderr } = await store.tsbuild(['run', 'c', 'sh', '-c', other]);
        assert.is(status, 137);
        assert.not.match(stderr, 'memory');
      }
    }));

  test('no more processes than it may have', () =>
    withTestStore(async (store) => {
      const own = ownGroup('pids');
      await addBusybox(store);
      const { stderr } = await build(store, '(sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait) || true', ['--pids-limit', '4']);
      assert.match(stderr, "can't fork");
      assert.equal(leftOvers(own), []);
      assert.is((await build(store, '(sleep 0.1 & sleep 0.1 & wait)', ['--pids-limit', '4'])).status, 0);
    }));

  test('what is written is what was asked for, in a group of the parent that was named', () =>
    withTestStore(async (store) => {
      ownGroup('cpu');
      await addBusybox(store);
      const place = findHierarchies().legacy.get('cpu')!;
      const parent = `/tsbuild-test-${process.pid}`;
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN cat /group/*/cpu.cfs_quota_us /group/*/cpu.shares\n');
      try {
        mkdirSync(join(place.top, parent));
        const args = [
          '--cgroup-parent',
          parent,
          '--cpus',
          '0.5',
          '--cpu-shares',
          '512',
          '--volume',
          `${join(place.top, parent)}:/group:ro`,
        ];
        const { stdout } = await store.ok(['bud', '--no-cache', '--network', 'host', ...args, context]);
        assert.match(stdout, /^50000\n512$/m);
      } finally {
        const { rmdirSync } = await import('node:fs');
        rmdirSync(join(place.top, parent));
      }
    }));

  test('without control groups: limits of each process, and one warning for all that is not enforced', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      if (process.getuid?.() === 0) skip('root has control groups');
      const command = 'grep Cpus_allowed_list /proc/self/status; ulimit -d';
      const { status, stdout, stderr } = await build(store, `${command}\nRUN true`, [
        '--memory',
        '100m',
        '--cpuset-cpus',
        '0',
        '--pids-limit',
        '50',
      ]);
      assert.is(status, 0, stderr);
      assert.match(stdout, /Cpus_allowed_list:\s*0\n102400\n/);
      await store.ok(['from', '--name', 'c', '--memory', '100m', 'busybox']);
      const run = await store.tsbuild(['run', 'c', 'sh', '-c', 'kill -9 $$']);
      assert.is(run.status, 137);
      assert.match(run.stderr, 'not enforced: --memory (each process alone is limited): ');
      assert.not.match(run.stderr, 'out of memory');
      assert.is(
        stderr.match(/not enforced: --memory \(each process alone is limited\), --cpuset-cpus \(commands can undo it\), --pids-limit: /g)
          ?.length,
        1,
      );
    }));
});
