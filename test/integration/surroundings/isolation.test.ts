import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { inPlaceFor } from '../../support/runtimes.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, fixtures, type Run, run, type TestStore, withTestStore } from '../../support/tsbuild.js';

function makeContext(store: TestStore, commands: string): string {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\n${commands}`);
  writeFileSync(join(context, 'file'), 'from the context\n');
  return context;
}

const COMMANDS = `RUN --mount=type=bind,target=/in,source=file --mount=type=tmpfs,target=/memory --mount=type=secret,id=s \\
  test "$(cat /in)" = "from the context" && touch /memory/x && test "$(cat /run/secrets/s)" = hidden && \\
  mkdir /made && echo result > /made/file && test "$(id -u)" = 0 && test ! -e /proc/kcore -o ! -s /proc/kcore
RUN grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; ls /proc | grep -c '^[0-9]'; echo out; echo err >&2; exit 5
`;

suite('--isolation oci --runtime', (test) => {
  for (const runtime of ['runc', 'crun']) {
    test(`${runtime} runs commands with the mounts of the build, and gives the layer that ours gives`, () =>
      withTestStore(async (store) => {
        const inRuntime = await inPlaceFor(runtime, store);
        await addBusybox(store);
        writeFileSync(join(store.directory, 'secret'), 'hidden');
        const context = makeContext(store, COMMANDS.split('\nRUN grep')[0]!);
        const flags = ['--no-cache', '--network', 'host', '--timestamp', '0', '--secret', `id=s,src=${join(store.directory, 'secret')}`];
        const by = ['--isolation', 'oci', '--runtime', runtime];
        const ours = await store.ok(['bud', '-q', ...flags, context]);
        const theirs = await run(inRuntime(store.argv(['bud', '-q', ...flags, ...by, context])));
        assert.is(theirs.status, 0, theirs.stderr);
        // Image IDs of the same configuration: equal layers, so nothing of a mount point ended in one.
        assert.is(theirs.stdout, ours.stdout);

        makeContext(store, `RUN grep${COMMANDS.split('\nRUN grep')[1]!}`);
        const failing = await run(inRuntime(store.argv(['bud', ...flags, ...by, context])));
        assert.is(failing.status, 5, failing.stderr);
        assert.match(failing.stdout, /CapEff:\s*00000000800405fb\nSeccomp:\s*2\n[1-9]\nout\n/);
        assert.match(failing.stderr, /^err$/m);
      }));
  }

  test('a runtime that refuses this host, or is not there, is heard, with the way out', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const refusing = join(store.directory, 'refusing');
      writeFileSync(refusing, '#!/bin/sh\necho "this host is not for me" >&2\nexit 1\n', { mode: 0o755 });
      const context = makeContext(store, 'RUN true\n');
      for (const [runtime, words] of [
        [refusing, 'this host is not for me'],
        ['no-such-runtime', 'there is no such program'],
      ] as const) {
        const { status, stderr } = await store.tsbuild(['bud', '--network', 'host', '--isolation', 'oci', '--runtime', runtime, context]);
        assert.is(status, 125);
        assert.match(stderr, `Cannot run the command by ${runtime}: ${words}`);
        assert.match(stderr, 'Leave --isolation and --runtime out');
      }
    }));

  test('runs commands of working containers, whose status and signals are theirs', () =>
    withTestStore(async (store) => {
      if (!existsSync('/usr/sbin/runc')) skip('runc is not installed');
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--network', 'host', 'busybox']);
      const by = ['run', '--isolation', 'oci', '--runtime', 'runc', 'c', 'sh', '-c'];
      assert.is((await store.tsbuild([...by, 'exit 9'])).status, 9);
      assert.is((await store.tsbuild([...by, 'kill -9 $$ ; sleep 1; exit 4'])).status, 4, 'PID 1 of a namespace cannot kill itself');
    }));
});

suite('--isolation native, chroot', (test) => {
  test('BUILDAH_ISOLATION counts where there is no flag, and nonsense is refused', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = makeContext(store, 'RUN true\n');
      for (const isolation of ['oci', 'rootless', 'chroot'])
        await store.ok(['bud', '--no-cache', '--network', 'host', context], { env: { BUILDAH_ISOLATION: isolation } });
      const wrong = await store.tsbuild(['bud', context], { env: { BUILDAH_ISOLATION: 'hyperv' } });
      assert.is(wrong.status, 125);
      assert.match(wrong.stderr, 'Cannot use BUILDAH_ISOLATION: "hyperv"');
      const flag = await store.tsbuild(['bud', '--isolation', 'hyperv', context]);
      assert.is(flag.status, 125);
      assert.match(flag.stderr, 'unrecognized isolation type "hyperv"');
    }));

  test('chroot keeps a process namespace of its own where there can be one', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const context = makeContext(store, 'RUN echo pid $(readlink /proc/self/ns/pid)\n');
      const { stdout } = await store.ok(['bud', '--network', 'host', '--isolation', 'chroot', context]);
      const host = (await run(['readlink', '/proc/self/ns/pid'])).stdout.trim();
      assert.match(stdout, /pid pid:\[\d+\]/);
      assert.not.match(stdout, host);
    }));

  test('chroot makes do without the namespaces that are forbidden, and leaves no process', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      // Its own limits forbid them to a user namespace: user_namespaces(7) and /proc/sys/user/.
      const forbidding = 'for kind in pid ipc uts cgroup; do echo 0 > /proc/sys/user/max_"$kind"_namespaces || exit 99; done; exec "$@"';
      const confined = (args: readonly string[]): Promise<Run> =>
        run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', forbidding, 'sh', ...store.argv(args)]);
      const probe = await run(['unshare', '--user', '--map-root-user', 'sh', '-c', forbidding, 'sh', 'true']);
      if (probe.status !== 0) skip(`no such user namespace can be made here: ${probe.stderr.trim()}`);
      const mark = `31${process.pid}`;
      // A base of its own: the store of several ids cannot be written by one.
      const base = join(store.directory, 'inner');
      mkdirSync(base);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      copyFileSync(join(fixtures, 'busybox.tar.zst'), join(context, 'rootfs.tar.zst'));
      const command = `(sleep ${mark} &) ; (setsid sleep ${mark} &) ; echo ran`;
      writeFileSync(join(context, 'Containerfile'), `FROM scratch\nADD rootfs.tar.zst /\nRUN ${command}\n`);
      const own = ['--root', base];
      const native = await confined([...own, 'bud', '--network', 'host', context]);
      assert.is(native.status, 125);
      assert.match(native.stderr, 'stage namespaces');
      const { status, stdout, stderr } = await confined([...own, 'bud', '--network', 'host', '--isolation', 'chroot', context]);
      assert.is(status, 0, stderr);
      assert.match(stdout, /^ran$/m);
      assert.match(stderr, 'the command has no namespace for processes');
      assert.is((await run(['pgrep', '-f', `sleep ${mark}`])).stdout, '');
    }));
});
