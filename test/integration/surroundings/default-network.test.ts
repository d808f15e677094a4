import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { besideBusybox, runWithTunnel, USERS } from '../../support/as-user.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, type Run, type TestStore, withTestStore } from '../../support/tsbuild.js';

/** The network namespace of a command, and lines of one that has a way out. */
const NAMESPACE = 'readlink /proc/self/ns/net';
const NO_PROXIES = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, undefined]),
);
/** Whatever the runner of the tests wants of most of them. */
const UNSET = { TSBUILD_NETWORK: undefined, ...NO_PROXIES };
const SAID = /^RUN uses (?:a private network \((pasta|slirp4netns)\)|the host's network: .+)$/m;

async function build(store: TestStore, args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Promise<Run> {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM busybox\nRUN ${NAMESPACE}\nRUN ${NAMESPACE} >&2\n`);
  return store.tsbuild(['bud', ...args, context], { env: { ...UNSET, ...env } });
}

function memoryOf(store: TestStore): string {
  return join(store.directory, 'run/default-network.json');
}

/** Programs of these names before those of the machine: scripts with this body. */
function helpersOf(store: TestStore, body: string): Readonly<Record<string, string>> {
  const folder = join(store.directory, 'helpers');
  mkdirSync(folder, { recursive: true });
  for (const name of ['pasta', 'slirp4netns']) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: `${folder}:${process.env.PATH}` };
}

/** Processes of this machine whose command line has the text, in which a store's folder serves as a mark. */
function running(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let round = 0; !holds(); round++) {
    if (round === 200) throw new Error(`${what} did not come to pass`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function demandTunnel(): void {
  try {
    statSync('/dev/net/tun');
  } catch {
    skip('this kernel has no /dev/net/tun');
  }
  if (process.getuid?.() !== 0) skip('/dev/net/tun is closed to this user');
}

suite('the default network', (test) => {
  test('is a private one where one works, else that of the host, and a build says once which', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const own = readlinkSync('/proc/self/ns/net');
      const first = await build(store, ['--no-cache']);
      assert.is(first.status, 0, first.stderr);
      const said = SAID.exec(first.stderr);
      assert.ok(said !== null, first.stderr);
      assert.is(first.stderr.match(/RUN uses/g)?.length, 1);
      const isPrivate = said[1] !== undefined;
      assert.is(first.stdout.includes(own), !isPrivate, first.stdout);
      // The second command has the network of the first, and the container of `run` one of the same kind.
      const seen = [...`${first.stdout}${first.stderr}`.matchAll(/^net:\[\d+\]$/gm)].map(([text]) => text);
      assert.is(new Set(seen).size, 1, seen.join());
      await store.ok(['from', '--name', 'c', 'busybox'], { env: UNSET });
      const run = await store.ok(['run', 'c', 'readlink', '/proc/self/ns/net'], { env: UNSET });
      assert.is(run.stdout.trim() === own, !isPrivate);
      assert.is(run.stderr, '');
      // It is asked once: what was found is taken the next time.
      const { ino } = statSync(memoryOf(store));
      assert.is(SAID.exec((await build(store, ['--no-cache', '--network', 'default'])).stderr)?.[0], said[0]);
      assert.is(statSync(memoryOf(store)).ino, ino);
    }));

  test('is not asked for by a build from the cache, by one that says which, nor told by a quiet one', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const named = await build(store, ['--network', 'host']);
      assert.is(named.status, 0, named.stderr);
      assert.not.match(named.stderr, SAID);
      const cached = await build(store, []);
      assert.is(cached.status, 0, cached.stderr);
      assert.not.match(cached.stderr, SAID);
      assert.not(existsSync(memoryOf(store)));
      const chroot = await build(store, ['--no-cache', '--isolation', 'chroot']);
      assert.ok(chroot.stdout.includes(readlinkSync('/proc/self/ns/net')), chroot.stdout);
      assert.not.match(chroot.stderr, SAID);
      assert.not(existsSync(memoryOf(store)));
      const quiet = await build(store, ['--no-cache', '-q']);
      assert.not.match(quiet.stderr, SAID);
      assert.ok(existsSync(memoryOf(store)));
    }));

  test('is that of the host where commands are told of a proxy on its loopback', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const { stderr } = await build(store, ['--no-cache'], { https_proxy: 'http://user@localhost:3128' });
      assert.match(stderr, "RUN uses the host's network: https_proxy names a proxy on its loopback\n");
      const without = await build(store, ['--no-cache', '--http-proxy=false'], { https_proxy: 'http://127.0.0.1:3128' });
      assert.not.match(without.stderr, 'names a proxy');
      const elsewhere = await build(store, ['--no-cache'], { https_proxy: 'http://127.0.0.1.example.com:3128' });
      assert.not.match(elsewhere.stderr, 'names a proxy');
    }));

  test('is that of the host where helpers fail, with their words, and other helpers are asked anew', () =>
    withTestStore(async (store) => {
      demandTunnel();
      await addBusybox(store);
      const failing = await build(store, ['--no-cache'], helpersOf(store, 'echo "no route today" >&2; exit 3'));
      assert.is(failing.status, 0, failing.stderr);
      assert.match(failing.stderr, "RUN uses the host's network: pasta: no route today; slirp4netns: no route today\n");
      assert.ok(failing.stdout.includes(readlinkSync('/proc/self/ns/net')));
      const others = await build(store, ['--no-cache'], helpersOf(store, 'echo "nor tomorrow" >&2; exit 3'));
      assert.match(others.stderr, 'pasta: nor tomorrow;');
    }));

  test('a helper that fails half-way, and leaves a process that spins, is cleared away', () =>
    withTestStore(async (store) => {
      demandTunnel();
      await addBusybox(store);
      const spinning = `setsid sh -c 'while :; do :; done' ${store.directory}/spins </dev/null >/dev/null 2>&1 &\nexit 1`;
      const { status, stderr } = await build(store, ['--no-cache'], helpersOf(store, spinning));
      assert.is(status, 0, stderr);
      assert.match(stderr, "RUN uses the host's network: pasta: it ended before the network was there;");
      assert.equal(running(`${store.directory}/spins`), []);
    }));

  test('a helper that worked and fails later: the build goes on with the network of the host, and says so', () =>
    withTestStore(async (store) => {
      demandTunnel();
      await addBusybox(store);
      const said = SAID.exec((await build(store, ['--no-cache'])).stderr);
      if (said?.[1] === undefined) skip('no private network works here');
      const real = ['/usr/local/bin', '/usr/bin'].map((folder) => join(folder, said[1]!)).find(existsSync);
      // As large, as old and in the place of the first: what is remembered is that it works.
      const env = helpersOf(store, `[ -e ${store.directory}/broken ] && { echo broken >&2; exit 1; }; exec ${real} "$@"`);
      const before = await build(store, ['--no-cache'], env);
      if (SAID.exec(before.stderr)?.[1] !== said[1]) skip('no private network through a script');
      writeFileSync(join(store.directory, 'broken'), '');
      const { status, stderr } = await build(store, ['--no-cache'], env);
      assert.is(status, 0, stderr);
      assert.match(stderr, `RUN uses the host's network: `);
      assert.match(stderr, `${said[1]}: broken`);
    }));

  const endings = [
    { title: 'Ctrl-C', signals: ['SIGINT'], ends: 130 },
    { title: 'Ctrl-C twice', signals: ['SIGINT', 'SIGINT'], ends: 130 },
    { title: 'SIGKILL', signals: ['SIGKILL'], ends: 'SIGKILL' },
  ] as const;
  for (const { title, signals, ends } of endings) {
    test(`${title} while a command runs, and while a helper starts: ${ends}, and nothing is left`, () =>
      withTestStore(async (store) => {
        demandTunnel();
        await addBusybox(store);
        const context = join(store.directory, 'sleeps');
        mkdirSync(context);
        writeFileSync(
          join(context, 'Containerfile'),
          `FROM busybox\nRUN trap '' INT TERM; echo up; sleep 60; sleep 60 # ${store.directory}\n`,
        );
        const never = helpersOf(store, `exec sh -c 'sleep 60; :' ${store.directory}/never`);
        for (const env of [{}, never]) {
          const [program, ...args] = store.argv(['bud', '--no-cache', context]);
          const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...UNSET, ...env } });
          try {
            let out = '';
            child.stdout.on('data', (chunk) => (out += chunk));
            const isUp = env === never ? () => running(`${store.directory}/never`).length > 0 : () => /^up$/m.test(out);
            await until('the command', isUp);
            const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
            for (const signal of signals) {
              child.kill(signal);
              await new Promise((resolve) => setTimeout(resolve, 100));
            }
            assert.is(await ended, ends);
          } finally {
            child.kill('SIGKILL');
          }
          await until('the end of every process', () => running(store.directory).length === 0);
        }
      }));
  }

  for (const user of USERS) {
    test(`for an ordinary user (${user}): private where /dev/net/tun is open and a helper works`, async () => {
      const script = `mkdir context
printf 'FROM busybox\\nRUN ${NAMESPACE}\\n' > context/Containerfile
readlink /proc/self/ns/net
unset TSBUILD_NETWORK
ts bud --no-cache context`;
      const { status, stdout, stderr } = await runWithTunnel(user, besideBusybox(script));
      assert.is(status, 0, stderr);
      const said = SAID.exec(stderr);
      assert.ok(said !== null, stderr);
      const [outside, inside] = [...stdout.matchAll(/^net:\[\d+\]$/gm)].map(([text]) => text);
      assert.is(outside === inside, said[1] === undefined, `${said[0]}: ${stdout}`);
    });
  }
});
