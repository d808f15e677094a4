import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { getPriority, hostname } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { packageFile } from '../../../src/sys/index.js';
import { runWithTunnel, USERS } from '../../support/as-user.js';
import { skip, suite } from '../../support/suite.js';
import { linesOf } from '../../support/tree-lines.js';
import { idModeOf, type Run, type TestStore, withTestStore } from '../../support/tsbuild.js';

// test/native/canary runs as a RUN and tries to get out. It is told where to look: a folder, a process and a socket of the host.

const MARKER = 'tsbuild-canary-on-the-host';
/** Of the kernel, which a command that got out as root could change. */
const KERNEL_FILES = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/pid_max'];

interface Host {
  readonly store: TestStore;
  /** Builds the canary with these flags, runs it, and gives its lines by outcome. */
  readonly release: (flags: readonly string[], run?: { readonly apart?: boolean; readonly options?: string }) => Promise<Flight>;
}

interface Flight {
  readonly run: Run;
  readonly held: readonly string[];
  readonly escaped: readonly string[];
  /** How many attempts there were, as the canary says. */
  readonly tried: number;
}

let compiled: Buffer | undefined;

/** The canary as a program; compiled once. */
function writeCanary(program: string): void {
  if (compiled === undefined) compile(program);
  else writeFileSync(program, compiled, { mode: 0o755 });
  compiled ??= readFileSync(program);
}

function compile(program: string): void {
  const folder = packageFile('test/native/canary');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.c'));
  execFileSync('cc', ['-O1', '-static', '-w', '-o', program, ...sources.map((name) => join(folder, name))]);
}

async function withHost(body: (host: Host) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    const context = join(store.directory, 'context');
    const outside = join(store.directory, 'outside');
    for (const directory of [context, outside]) mkdirSync(directory);
    writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o644 });
    chmodSync(outside, 0o755);
    writeCanary(join(context, 'canary'));

    const state = (): unknown => [linesOf(outside), ...KERNEL_FILES.map((file) => readFileSync(file, 'utf8')), hostname()];
    const before = state();
    const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', MARKER], { stdio: 'ignore' });
    const socket = `tsbuild-canary-${process.pid}`;
    let connections = 0;
    const server = createServer(() => connections++).listen(`\0${socket}`);
    const loopback = createServer((client) => {
      connections++;
      client.end('here');
    }).listen(0, '127.0.0.1');
    const release: Host['release'] = async (flags, { apart = false, options = '' } = {}) => {
      const port = apart ? (loopback.address() as AddressInfo).port : 0;
      const argv = ['/canary', outside, String(sleeper.pid), MARKER, apart ? socket : '-', String(port)];
      writeFileSync(join(context, 'Containerfile'), `FROM scratch\nCOPY canary /\nRUN ${options}${JSON.stringify(argv)}\n`);
      const run = await store.tsbuild(['bud', '--no-cache', ...flags, context]);
      const lines = (word: string): string[] =>
        [...run.stdout.matchAll(new RegExp(`^${word} (\\S+)$`, 'gm'))].map(([, name]) => name ?? '');
      return { run, held: lines('held'), escaped: lines('ESCAPED'), tried: Number(lines('tried')[0]) };
    };
    try {
      await Promise.all([once(server, 'listening'), once(loopback, 'listening')]);
      await body({ store, release });
      assert.equal(state(), before, 'something outside changed');
      assert.is(sleeper.exitCode ?? sleeper.signalCode, null, 'a process of the host was killed');
      assert.is(getPriority(sleeper.pid), getPriority(), 'a process of the host was slowed down');
      assert.is(connections, 0, 'a socket of the host was reached');
    } finally {
      sleeper.kill();
      server.close();
      loopback.close();
    }
  });
}

/** Maps of a part of the ids that somebody has, none of them the one outside with the same number. */
const OTHER_IDS =
  process.getuid?.() === 0
    ? ['--userns-uid-map', '0:300000:65536', '--userns-gid-map', '0:400000:65536']
    : ['--userns-uid-map', '0:1:1000', '--userns-gid-map', '0:2000:900'];

/** Of the modes, those with this in their title, and nothing else: how root has this file run once more by others. */
const ONLY = process.env.TSBUILD_TEST_CANARIES;

suite('canaries', (test) => {
  const modes: readonly (readonly [title: string, flags: readonly string[], apart: boolean])[] = [
    ['the default isolation', ['--network', 'host'], false],
    ['a network by pasta', ['--network', 'pasta'], true],
    ['a network by slirp4netns', ['--network', 'slirp4netns'], true],
    ['the default isolation without a network', ['--network', 'none'], true],
    ['--isolation oci', ['--isolation', 'oci', '--network', 'host'], false],
    ['--runtime runc', ['--runtime', 'runc', '--network', 'none'], true],
    ['--runtime crun', ['--runtime', 'crun', '--network', 'none'], true],
    ['--isolation rootless', ['--isolation', 'rootless', '--network', 'host'], false],
    ['--isolation chroot', ['--isolation', 'chroot'], false],
    ['--userns private', ['--userns', 'private', '--network', 'none'], true],
    ['ids of their own', [...OTHER_IDS, '--network', 'host'], false],
    ['ids of their own and a network by pasta', [...OTHER_IDS, '--network', 'pasta'], true],
    ['ids of their own by --runtime crun', [...OTHER_IDS, '--runtime', 'crun', '--network', 'none'], true],
    ['ids of their own by --runtime runc', [...OTHER_IDS, '--runtime', 'runc', '--network', 'none'], true],
  ];
  for (const [title, flags, apart] of modes.filter(([title]) => title.includes(ONLY ?? ''))) {
    test(`every escape fails with ${title}`, () =>
      withHost(async ({ release }) => {
        const { run, held, escaped, tried } = await release(flags, { apart });
        if (run.status === 125 && /isolation|runtime|private network|one id only here/.test(run.stderr))
          skip(`not on this machine: ${run.stderr.trim()}`);
        assert.is(run.status, 0, run.stdout + run.stderr);
        assert.equal(escaped, [], run.stderr);
        assert.is(new Set(held).size, tried);
        assert.ok(tried >= 180, `only ${tried} attempts`);
      }));
  }

  if (ONLY !== undefined) return;

  for (const user of USERS) {
    test(`every escape fails with a network by pasta or slirp4netns of an ordinary user (${user})`, async () => {
      const script = `"${process.execPath}" "${import.meta.filename}"`;
      const { status, stdout, stderr } = await runWithTunnel(user, script, { TSBUILD_TEST_CANARIES: 'a network by' });
      assert.is(status, 0, stdout + stderr);
      // Who has one id has no others to give.
      assert.match(stdout, user === 'tsbuild-noids' ? /^# passed 2 failed 0 skipped 1 of 3$/m : /^# passed 3 failed 0 skipped 0 of 3$/m);
    });
  }

  test('the canary gets out where it is let: a RUN --security=insecure can mount', () =>
    withHost(async ({ store, release }) => {
      if ((await idModeOf(store)) === 'root') skip('what is let out as real root could change this machine');
      const { run, escaped } = await release(['--allow', 'security.insecure'], { options: '--security=insecure ' });
      assert.is(run.status, 0, run.stdout + run.stderr);
      assert.ok(escaped.includes('mount-tmpfs'), escaped.join(' '));
    }));
});
