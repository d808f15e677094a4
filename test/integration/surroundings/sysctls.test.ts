import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { addBusybox, idModeOf, type Run, type TestStore, withTestStore } from '../../support/tsbuild.js';

const TTL = '/proc/sys/net/ipv4/ip_default_ttl';

function withConf(body: (store: TestStore, conf: (lines: string) => { readonly CONTAINERS_CONF: string }) => Promise<void>): Promise<void> {
  return withTestStore(async (store) => {
    await addBusybox(store);
    const file = join(store.directory, 'containers.conf');
    await body(store, (lines) => {
      writeFileSync(file, lines);
      return { CONTAINERS_CONF: file };
    });
  });
}

const sysctls = (...entries: readonly string[]): string => `[containers]\ndefault_sysctls = ${JSON.stringify(entries)}\n`;

suite('default_sysctls', (test) => {
  test("of networks are set where the network is the command's own, in builds and working containers, and not on the host", () =>
    withConf(async (store, conf) => {
      const before = readFileSync(TTL, 'utf8');
      const env = conf(sysctls('net.ipv4.ip_default_ttl=77'));
      await store.ok(['from', '--name', 'c', 'busybox'], { env });
      const ttl = async (network: string): Promise<string> =>
        (await store.ok(['run', '--network', network, 'c', 'cat', TTL], { env })).stdout;
      assert.is(await ttl('none'), '77\n');
      assert.is(await ttl('host'), before);
      const file = join(store.directory, 'Containerfile');
      writeFileSync(file, `FROM busybox\nRUN --network=none cat ${TTL}\n`);
      const build = (environment: Readonly<Record<string, string>>): Promise<Run> =>
        store.ok(['bud', '-f', file, store.directory], { env: environment });
      assert.match((await build(env)).stdout, /^77$/m);
      // A command can find out, so another value is another step.
      assert.match((await build(conf(sysctls('net.ipv4.ip_default_ttl=78')))).stdout, /^78$/m);
      assert.not.match((await build(conf(sysctls('net.ipv4.ip_default_ttl=78')))).stdout, /^78$/m);
      assert.is(readFileSync(TTL, 'utf8'), before);
      if ((await idModeOf(store)) === 'root') {
        const maps = ['--userns-uid-map=0:100000:65536', '--userns-gid-map=0:100000:65536'];
        await store.ok(['from', '--name', 'd', ...maps, 'busybox'], { env });
        const again = conf(sysctls('net.ipv4.ip_default_ttl=77'));
        assert.is((await store.ok(['run', '--network', 'none', 'd', 'cat', TTL], { env: again })).stdout, '77\n');
      }
    }));

  test('of namespaces that every command has are set; the kernel lets not every user', () =>
    withConf(async (store, conf) => {
      await store.ok(['from', '--name', 'c', 'busybox']);
      const run = (...args: readonly string[]): Promise<Run> =>
        store.tsbuild(['run', '--network', 'none', ...args, 'c', 'cat', '/proc/sys/kernel/domainname', '/proc/sys/kernel/shmmni'], {
          env: conf(sysctls('kernel.domainname=a.test', 'kernel.shmmni=100')),
        });
      const result = await run();
      if ((await idModeOf(store)) === 'root') {
        assert.is(result.stdout, 'a.test\n100\n');
        // That isolation has no namespaces that they could be in.
        assert.not.match((await run('--isolation', 'chroot')).stdout, /a\.test|^100$/m);
      } else {
        assert.is(result.status, 125);
        assert.match(result.stderr, /stage sysctl at "kernel\/domainname=a\.test": EACCES[\s\S]*default_sysctls/);
      }
    }));

  test('of the machine are refused, and so is what is none', () =>
    withConf(async (store, conf) => {
      await store.ok(['from', '--name', 'c', 'busybox']);
      for (const [entry, pattern] of [
        ['vm.swappiness=1', /those of the machine are not touched/],
        ['net.ipv4', /it is not NAME=VALUE/],
      ] as const) {
        const { status, stderr } = await store.tsbuild(['run', 'c', 'true'], { env: conf(sysctls(entry)) });
        assert.is(status, 125);
        assert.match(stderr, pattern);
      }
      const none = { env: conf(sysctls('net.ipv4.no_such_thing=1')) };
      const { status, stderr } = await store.tsbuild(['run', '--network', 'none', 'c', 'true'], none);
      assert.is(status, 125);
      assert.match(stderr, /stage sysctl at "net\/ipv4\/no_such_thing=1": (?:ENOENT|EACCES|EPERM)/);
    }));
});

// docs/configuration.md says why.
suite('keys without a meaning', (test) => {
  test("namespaces of commands are their own, control groups nobody else's affair, whatever containers.conf says", () =>
    withConf(async (store, conf) => {
      const keys = ['ipcns', 'pidns', 'utsns', 'cgroupns', 'userns'].map((key) => `${key} = "host"\n`).join('');
      const env = conf(
        `[containers]\n${keys}label_users = true\n[engine]\ncgroup_manager = "systemd"\n[network]\nnetwork_backend = "cni"\n`,
      );
      await store.ok(['from', '--name', 'c', 'busybox'], { env });
      for (const kind of ['ipc', 'pid', 'uts']) {
        const { stdout } = await store.ok(['run', '--network', 'host', 'c', 'readlink', `/proc/self/ns/${kind}`], { env });
        assert.match(stdout, new RegExp(`^${kind}:\\[\\d+\\]$`, 'm'));
        assert.is.not(stdout.trim(), readlinkSync(`/proc/self/ns/${kind}`));
      }
    }));
});
