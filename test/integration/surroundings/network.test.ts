import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { besideBusybox, runWithTunnel, USERS } from '../../support/as-user.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, type Run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

/** No proxy of the tester's may decide what the default is. */
const QUIET = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'].flatMap((name) => [
    [name, undefined],
    [name.toUpperCase(), undefined],
  ]),
);

async function build(
  store: TestStore,
  command: string,
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
): Promise<Run> {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\nRUN ${command}\n`);
  return store.tsbuild(['bud', '--no-cache', ...args, context], { env: { ...QUIET, ...env } });
}

function demandHelper(name: string): void {
  if (!['/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, name)))) skip(`${name} is not installed`);
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    skip('/dev/net/tun is closed to this user');
  }
}

/** The network namespace of a command: what /proc/self/ns/net says. */
const NAMESPACE = 'readlink /proc/self/ns/net';

/** Processes of this machine whose command line has the text. */
function running(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}

suite('--network', (test) => {
  test('private, of a builder that is the first process of a container', () =>
    withTestStore(async (store) => {
      demandHelper('pasta');
      if (process.getuid?.() !== 0) skip('only root makes a process namespace without a user namespace');
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN echo ran\n');
      const alone = ['unshare', '--pid', '--fork', '--mount-proc', ...store.argv(['bud', '--network', 'private', context])];
      const { stdout } = await runOk(alone, { env: QUIET });
      assert.match(stdout, /^ran$/m);
    }));

  test('host is that of the machine, none has loopback only, ns:PATH joins one', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const host = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim();
      assert.match((await build(store, NAMESPACE, ['--network', 'host'])).stdout, host);
      const none = await build(store, `${NAMESPACE}; ls /sys/class/net; cat /proc/net/route | wc -l`, ['--network', 'none']);
      assert.is(none.status, 0, none.stderr);
      assert.not.match(none.stdout, host);
      // The heading alone.
      assert.match(none.stdout, /^1$/m);
      if (process.getuid?.() !== 0) {
        const refused = await build(store, NAMESPACE, ['--network', 'ns:/proc/1/ns/net']);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, 'stage network');
        return;
      }
      const other = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await once(other.stdout, 'data');
        const path = `/proc/${other.pid}/ns/net`;
        const expected = execFileSync('readlink', [path], { encoding: 'utf8' }).trim();
        assert.match((await build(store, NAMESPACE, ['--network', `ns:${path}`])).stdout, expected);
      } finally {
        other.kill('SIGKILL');
        await once(other, 'exit');
      }
    }));

  for (const helper of ['pasta', 'slirp4netns']) {
    test(`${helper}: a private network that reaches out, and of which nothing is left`, () =>
      withTestStore(async (store) => {
        demandHelper(helper);
        await addBusybox(store);
        const server = createServer((socket) => socket.end('from the host\n'));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as { port: number };
        try {
          const args = ['--network', helper, '--add-host', 'the-host:host-gateway'];
          // Debian 12's pasta now and then lets the first connection hang.
          const { status, stdout, stderr } = await build(
            store,
            `${NAMESPACE} && for i in 1 2 3 4 5 6; do timeout 3 nc the-host ${port} && exit 0; done; exit 1`,
            args,
          );
          assert.is(status, 0, stderr);
          assert.match(stdout, 'from the host');
          assert.not.match(stdout, execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim());
          // Loopback is its own, and without host-gateway the host's is out of reach.
          const alone = await build(
            store,
            `timeout 5 nc -w 1 127.0.0.1 ${port} || timeout 5 nc -w 1 $(route -n | awk '/^0.0.0.0/ {print $2}') ${port}`,
            ['--network', helper],
          );
          assert.not.match(alone.stdout, 'from the host');
        } finally {
          server.close();
        }
        assert.equal(running(store.directory), []);
      }));
  }

  test('a private network is used again by the next command, and commands at the same time have one each', () =>
    withTestStore(async (store) => {
      demandHelper('pasta');
      await addBusybox(store);
      const context = join(store.directory, 'several');
      mkdirSync(context);
      const wait = 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); sleep 0.1; done';
      writeFileSync(
        join(context, 'Containerfile'),
        `FROM busybox AS a\nRUN echo a1 $(${NAMESPACE})\nRUN echo a2 $(${NAMESPACE}); ${wait}\nFROM busybox AS b\nRUN echo b1 $(${NAMESPACE}); ${wait}\nFROM busybox\nCOPY --from=a /bin/sh /a\nCOPY --from=b /bin/sh /b\n`,
      );
      const { stdout } = await store.ok(['bud', '--no-cache', '--jobs', '2', '--network', 'pasta', context], { env: QUIET });
      const seen = Object.fromEntries([...stdout.matchAll(/^(a1|a2|b1) (net:\[\d+\])$/gm)].map(([, name, value]) => [name, value]));
      assert.equal(Object.keys(seen).sort(), ['a1', 'a2', 'b1'], stdout);
      assert.is.not(seen.a2, seen.b1);
      assert.ok(seen.a2 === seen.a1 || seen.b1 === seen.a1, JSON.stringify(seen));
    }));

  test('TSBUILD_NETWORK counts where there is no flag, and nonsense is refused', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const own = readlinkSync('/proc/self/ns/net');
      const env = { TSBUILD_NETWORK: 'none' };
      assert.not.match((await build(store, NAMESPACE, [], env)).stdout, own);
      assert.match((await build(store, NAMESPACE, ['--network', 'host'], env)).stdout, own);
      await store.ok(['from', '--name', 'c', 'busybox']);
      assert.not.match((await store.ok(['run', 'c', 'readlink', '/proc/self/ns/net'], { env })).stdout, own);
      const wrong = await build(store, 'true', [], { TSBUILD_NETWORK: 'bridge' });
      assert.is(wrong.status, 125);
      assert.match(wrong.stderr, 'invalid --network "bridge"');
    }));

  test('helpers that are not there, or fail, are named with the way out', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      demandHelper('pasta');
      const { status, stderr } = await build(store, 'true', ['--network', 'pasta:--no-such-option']);
      assert.is(status, 125);
      assert.match(stderr, /Cannot give commands a private network: pasta: .*no-such-option/);
      assert.match(stderr, 'or use --network host');
      assert.equal(running('no-such-option'), []);
    }));

  test('a builder that is killed leaves no helper', () =>
    withTestStore(async (store) => {
      demandHelper('pasta');
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nRUN echo up; sleep 60\n');
      // An option by which its helper is found among those of others.
      const mark = String(1280 + (process.pid % 200));
      const [program, ...args] = store.argv(['bud', '--no-cache', '--network', `pasta:--mtu,${mark}`, context]);
      const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...QUIET } });
      for await (const chunk of child.stdout) if (/^up$/m.test(String(chunk))) break;
      assert.ok(running(`--mtu\0${mark}`).length > 0);
      child.kill('SIGKILL');
      for (let round = 0; running(`--mtu\0${mark}`).length > 0 && round < 100; round++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(running(`--mtu\0${mark}`), []);
    }));

  for (const user of USERS) {
    test(`private for an ordinary user (${user}) where /dev/net/tun is open`, async () => {
      if (!existsSync('/usr/bin/pasta')) skip('pasta is not installed');
      const script = `mkdir context
printf 'FROM busybox\\nRUN route -n | grep -c "^0.0.0.0"; cat /etc/resolv.conf\\n' > context/Containerfile
ts bud --no-cache --network private context
ts bud --no-cache --network slirp4netns --dns 192.0.2.7 --dns-search a.test context`;
      const { status, stdout, stderr } = await runWithTunnel(user, besideBusybox(script), {
        http_proxy: '',
        https_proxy: '',
        HTTP_PROXY: '',
        HTTPS_PROXY: '',
      });
      assert.is(status, 0, stderr);
      assert.is(stdout.match(/^1$/gm)?.length, 2, stdout);
      assert.match(stdout, 'search a.test\nnameserver 192.0.2.7\n');
    });
  }
});

suite('names', (test) => {
  test('--dns, --dns-search, --dns-option, --add-host; the image keeps what is left to it', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const dns = ['--dns', '192.0.2.1', '--dns', '192.0.2.2', '--dns-search', 'a.test', '--dns-option', 'ndots:3'];
      const { stdout } = await build(store, 'cat /etc/resolv.conf /etc/hosts', [
        '--network',
        'host',
        ...dns,
        '--add-host',
        'other;another:192.0.2.9',
      ]);
      assert.match(stdout, 'search a.test\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:3\n');
      assert.match(stdout, '192.0.2.9\tother\n192.0.2.9\tanother\n');
      await store.ok(['from', '--name', 'c', '--dns', '192.0.2.3', '--network', 'host', 'busybox']);
      assert.is((await store.ok(['run', 'c', 'cat', '/etc/resolv.conf'])).stdout.match(/^nameserver .*/m)?.[0], 'nameserver 192.0.2.3');

      const context = join(store.directory, 'own');
      mkdirSync(context);
      writeFileSync(
        join(context, 'Containerfile'),
        'FROM busybox\nCOPY own /etc/hosts\nCOPY own /etc/hostname\nCOPY own /etc/resolv.conf\nRUN cat /etc/hosts /etc/hostname /etc/resolv.conf\n',
      );
      writeFileSync(join(context, 'own'), 'the image has this\n');
      const kept = await store.ok(['bud', '--no-hosts', '--no-hostname', '--dns', 'none', context], { env: QUIET });
      assert.is(kept.stdout.match(/^the image has this$/gm)?.length, 3);
    }));
});
