import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../../support/tsbuild.js';

/** Variables with which a command reads this text and no other file. */
function conf(store: TestStore, text: string): Record<string, string> {
  const path = join(store.directory, 'containers.conf');
  writeFileSync(path, text);
  return { CONTAINERS_CONF: path };
}

/** A program that says how it was called, and fails. */
function failing(store: TestStore, name: string, folder = 'programs'): string {
  const path = join(store.directory, folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho "called: ${name} $*" >&2\nexit 1\n`);
  chmodSync(path, 0o755);
  return path;
}

function writeContext(store: TestStore, command: string): string {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\nRUN ${command}\n`);
  return context;
}

async function runOn(store: TestStore, env: Record<string, string>, ...command: string[]): Promise<string> {
  await store.tsbuild(['rm', 'work_1']);
  await store.ok(['from', '--name', 'work_1', 'busybox'], { env });
  return (await store.ok(['run', 'work_1', ...command], { env })).stdout;
}

suite('keys of containers.conf', (test) => {
  test('base_hosts_file stands in place of the lines of this machine, also without a network', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const base = join(store.directory, 'hosts');
      writeFileSync(base, '# ours\n192.0.2.10 base.example other\n127.0.0.1 also-here\n');
      const env = conf(store, `[containers]\nbase_hosts_file = "${base}"\n`);
      // By hosts(5); the host name of commands in a build is always the same.
      const expected =
        '127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n192.0.2.10 base.example other\n127.0.0.1 also-here\n';
      for (const network of ['host', 'none']) {
        const { stdout } = await store.ok(['bud', '--no-cache', '--network', network, writeContext(store, 'cat /etc/hosts')], { env });
        assert.ok(stdout.includes(expected), stdout);
      }
      const withFlag = await store.ok(['bud', '--no-cache', '--add-host', 'first:192.0.2.1', writeContext(store, 'cat /etc/hosts')], {
        env,
      });
      assert.ok(withFlag.stdout.includes(`192.0.2.1\tfirst\n${expected}`), withFlag.stdout);
      const hosts = await runOn(store, env, 'cat', '/etc/hosts');
      assert.ok(hosts.endsWith('\n192.0.2.10 base.example other\n127.0.0.1 also-here\n'), hosts);
      const none = await runOn(store, conf(store, '[containers]\nbase_hosts_file = "none"\n'), 'cat', '/etc/hosts');
      assert.match(none, /^127\.0\.0\.1\tlocalhost [0-9a-f]{12}\n::1\tlocalhost ip6-localhost ip6-loopback\n$/);
    }));

  test('base_hosts_file that cannot be had is told', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      for (const [word, words] of [
        ['/nonexistent/hosts', 'base_hosts_file "/nonexistent/hosts" of containers.conf: no such file'],
        ['image', 'not supported by tsbuild: base_hosts_file "image"'],
      ] as const) {
        const env = conf(store, `[containers]\nbase_hosts_file = "${word}"\n`);
        const { status, stderr } = await store.tsbuild(['bud', writeContext(store, 'true')], { env });
        assert.is(status, 125);
        assert.ok(stderr.includes(words), stderr);
      }
    }));

  test('host_containers_internal_ip is the address of this machine, by its names and for host-gateway', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const env = conf(store, '[containers]\nhost_containers_internal_ip = "192.0.2.99"\n');
      const flags = ['--add-host', 'gateway:host-gateway', '--network', 'host'];
      const { stdout } = await store.ok(['bud', '--no-cache', ...flags, writeContext(store, 'cat /etc/hosts')], { env });
      const expected = '192.0.2.99\tgateway\n192.0.2.99\thost.containers.internal\n192.0.2.99\thost.docker.internal\n';
      assert.ok(stdout.includes(expected), stdout);
      assert.match(await runOn(store, env, 'cat', '/etc/hosts'), /^192\.0\.2\.99\thost\.containers\.internal\n/);
      const none = await runOn(store, conf(store, '[containers]\nhost_containers_internal_ip = "none"\n'), 'cat', '/etc/hosts');
      assert.not.match(none, /host\.containers\.internal/);
      const wrong = conf(store, '[containers]\nhost_containers_internal_ip = "somewhere"\n');
      const refused = await store.tsbuild(['run', 'work_1', 'true'], { env: wrong });
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /host_containers_internal_ip "somewhere" of containers\.conf is neither an address nor "none"/);
    }));

  test('container_name_as_hostname: without the characters that no host name has', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const env = conf(store, '[containers]\ncontainer_name_as_hostname = true\n');
      assert.is(await runOn(store, env, 'sh', '-c', 'hostname; cat /etc/hostname; echo $HOSTNAME'), 'work1\nwork1\nwork1\n');
      const given = await store.ok(['run', '--hostname', 'given', 'work_1', 'hostname'], { env });
      assert.is(given.stdout, 'given\n');
    }));

  test('runtime is that of --isolation oci, by the first program of its name in runtimes', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const program = failing(store, 'ours');
      const table = `[engine.runtimes]\n# of this machine\nmine = ["/nonexistent/mine", "${program}"]\n`;
      const env = conf(store, `[engine]\nruntime = "mine"\n${table}`);
      const context = writeContext(store, 'true');
      for (const flags of [
        ['--isolation', 'oci'],
        ['--runtime', 'mine'],
        ['--isolation=oci', '--runtime=mine'],
      ]) {
        const { status, stderr } = await store.tsbuild(['bud', '--no-cache', '--network', 'host', ...flags, context], { env });
        assert.ok(status !== 0 && stderr.includes('called: ours'), stderr);
      }
      // The default isolation is tsbuild's own, whatever a distribution ships.
      await store.ok(['bud', '--no-cache', '--network', 'host', context], { env });
      // The table alone, for a runtime that a flag or a variable names.
      const named = { ...conf(store, table), BUILDAH_RUNTIME: 'mine' };
      await store.ok(['from', '--name', 'work', 'busybox'], { env: named });
      assert.match((await store.tsbuild(['run', 'work', 'true'], { env: named })).stderr, /called: ours/);
    }));

  test('helpers of private networks: which comes first, where it is, and what pasta is told', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      failing(store, 'pasta');
      const programs = join(failing(store, 'slirp4netns'), '..');
      const context = writeContext(store, 'true');
      const calls = async (env: Record<string, string>): Promise<readonly (readonly string[])[]> => {
        const { status, stderr } = await store.tsbuild(['bud', '--no-cache', '--network', 'private', context], { env });
        assert.is(status, 125, stderr);
        return [...stderr.matchAll(/called: ([^;\n]*)/g)].map(([, words = '']) => words.split(' '));
      };
      const told = await calls(
        conf(store, `[network]\npasta_options = ["--mtu", "1234"]\n[engine]\nhelper_binaries_dir = ["${programs}"]\n`),
      );
      assert.equal(
        told.map(([name]) => name),
        ['pasta', 'slirp4netns'],
      );
      assert.match(told[0]!.join(' '), /--mtu 1234/);
      assert.not.match(told[1]!.join(' '), /1234/);
      const turned = conf(store, `[network]\ndefault_rootless_network_cmd = "slirp4netns"\n`);
      const names = (await calls({ ...turned, CONTAINERS_HELPER_BINARY_DIR: programs })).map(([name]) => name);
      assert.equal(names, ['slirp4netns', 'pasta']);
      const { stderr } = await store.tsbuild(['bud', '--no-cache', '--network', 'private', context], {
        env: conf(store, '[network]\ndefault_rootless_network_cmd = "bridge"\n'),
      });
      assert.match(stderr, /default_rootless_network_cmd "bridge" of containers\.conf is neither pasta nor slirp4netns/);
    }));

  test('add_compression adds to a list what --add-compression would', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['manifest', 'create', 'list', 'containers-storage:localhost/busybox']);
      const env = conf(store, '[engine]\nadd_compression = ["gzip"]\n');
      const count = async (flags: readonly string[], variables: Record<string, string>): Promise<number> => {
        const layout = join(store.directory, `layout${Math.random()}`);
        await store.ok(['manifest', 'push', ...flags, 'list', `oci:${layout}:x`], { env: variables });
        await store.ok(['pull', '-q', `oci:${layout}:x`]);
        const { stdout } = await store.ok(['image', 'inspect', '--raw', `oci:${layout}:x`]);
        return (JSON.parse(stdout) as { manifests: unknown[] }).manifests.length;
      };
      assert.is(await count([], {}), 1);
      assert.is(await count([], env), 2);
      assert.is(await count(['--add-compression', 'zstd'], env), 1);
    }));
});
