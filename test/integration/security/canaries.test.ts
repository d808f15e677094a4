import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { packageFile } from '../../../src/sys/index.js';
import { skip, suite } from '../../support/suite.js';
import { linesOf } from '../../support/tree-lines.js';
import { idModeOf, type Run, type TestStore, withTestStore } from '../../support/tsbuild.js';

// test/native/canary.c runs as a RUN and tries to get out. It is told where to look: a folder, a process and a socket of the host.

const MARKER = 'tsbuild-canary-on-the-host';
/** Of the kernel, which a command that got out as root could change. */
const KERNEL_FILES = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/pid_max'];

interface Host {
  readonly store: TestStore;
  /** Builds the canary with these flags, runs it, and gives its lines by outcome. */
  readonly release: (flags: readonly string[], run?: { readonly abstract?: boolean; readonly options?: string }) => Promise<Flight>;
}

interface Flight {
  readonly run: Run;
  readonly held: readonly string[];
  readonly escaped: readonly string[];
}

async function withHost(body: (host: Host) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    const context = join(store.directory, 'context');
    const outside = join(store.directory, 'outside');
    for (const directory of [context, outside]) mkdirSync(directory);
    writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o644 });
    chmodSync(outside, 0o755);
    execFileSync('cc', ['-O1', '-static', '-w', '-o', join(context, 'canary'), packageFile('test/native/canary.c')]);

    const state = (): unknown => [linesOf(outside), ...KERNEL_FILES.map((file) => readFileSync(file, 'utf8')), hostname()];
    const before = state();
    const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', MARKER], { stdio: 'ignore' });
    const socket = `tsbuild-canary-${process.pid}`;
    let connections = 0;
    const server = createServer(() => connections++).listen(`\0${socket}`);
    const release: Host['release'] = async (flags, { abstract = false, options = '' } = {}) => {
      const argv = ['/canary', outside, String(sleeper.pid), MARKER, abstract ? socket : '-'];
      writeFileSync(join(context, 'Containerfile'), `FROM scratch\nCOPY canary /\nRUN ${options}${JSON.stringify(argv)}\n`);
      const run = await store.tsbuild(['bud', '--no-cache', ...flags, context]);
      const lines = (word: string): string[] =>
        [...run.stdout.matchAll(new RegExp(`^${word} (\\S+)$`, 'gm'))].map(([, name]) => name ?? '');
      return { run, held: lines('held'), escaped: lines('ESCAPED') };
    };
    try {
      await once(server, 'listening');
      await body({ store, release });
      assert.equal(state(), before, 'something outside changed');
      assert.is(sleeper.exitCode ?? sleeper.signalCode, null, 'a process of the host was killed');
      assert.is(connections, 0, 'a socket of the host was reached');
    } finally {
      sleeper.kill();
      server.close();
    }
  });
}

suite('canaries', (test) => {
  const modes: readonly (readonly [title: string, flags: readonly string[], abstract: boolean])[] = [
    ['the default isolation', [], false],
    ['the default isolation without a network', ['--network', 'none'], true],
    ['--isolation oci', ['--isolation', 'oci'], false],
    ['--isolation rootless', ['--isolation', 'rootless'], false],
    ['--isolation chroot', ['--isolation', 'chroot'], false],
  ];
  for (const [title, flags, abstract] of modes) {
    test(`every escape fails with ${title}`, () =>
      withHost(async ({ release }) => {
        const { run, held, escaped } = await release(flags, { abstract });
        if (run.status === 125 && /isolation|runtime/.test(run.stderr)) skip(`not on this machine: ${run.stderr.trim()}`);
        assert.is(run.status, 0, run.stdout + run.stderr);
        assert.equal(escaped, []);
        assert.ok(held.length >= 70, `only ${held.length} attempts`);
        assert.is(new Set(held).size, held.length);
      }));
  }

  test('the canary gets out where it is let: a RUN --security=insecure can mount', () =>
    withHost(async ({ store, release }) => {
      if ((await idModeOf(store)) === 'root') skip('what is let out as real root could change this machine');
      const { run, escaped } = await release(['--allow', 'security.insecure'], { options: '--security=insecure ' });
      assert.is(run.status, 0, run.stdout + run.stderr);
      assert.ok(escaped.includes('mount-tmpfs'), escaped.join(' '));
    }));
});
