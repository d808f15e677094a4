import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, type Run, run, type TestStore, withTestStore } from '../support/tsbuild.js';

function contextOf(store: TestStore, name: string, containerfile: string): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  return directory;
}

interface Started {
  readonly ended: Promise<Run>;
  interrupt(): void;
}

/** Starts a build and waits until its output holds `text`. */
async function startUntil(store: TestStore, args: readonly string[], text: string): Promise<Started> {
  const [program, ...rest] = store.argv(args);
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const seen = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes(text)) resolve();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes(text)) resolve();
    });
  });
  const ended = new Promise<Run>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  await Promise.race([seen, ended]);
  return { ended, interrupt: () => void child.kill('SIGINT') };
}

async function isRunning(commandLine: string): Promise<boolean> {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === commandLine) return true;
    } catch {
      // It ended meanwhile.
    }
  }
  return false;
}

suite('integration/scheduling', (test) => {
  test('two builds of one Containerfile at once do its work once', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const shared = join(store.directory, 'shared');
      mkdirSync(shared);
      const context = contextOf(
        store,
        'c',
        'FROM localhost/busybox AS a\nRUN echo begun; until [ -e /shared/go ]; do sleep 0.05; done; date +%s%N > /a\nFROM localhost/busybox\nCOPY --from=a /a /\nRUN date +%s%N > /b\n',
      );
      const args = ['bud', '-v', `${shared}:/shared:ro`, context];
      const first = await startUntil(store, args, 'begun\n');
      const second = await startUntil(store, args, 'Waiting for another build that is at RUN echo begun');
      writeFileSync(join(shared, 'go'), '');
      const both = await Promise.all([first.ended, second.ended]);
      const ids = both.map(({ stdout }) => stdout.trim().split('\n').at(-1));
      assert.equal([both[0].status, both[1].status, ids[0]], [0, 0, ids[1]]);
    });
  });

  test('a build that waited for one that fails does the work itself', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      // Fails when the file of the host is not there, which is in no key.
      const shared = join(store.directory, 'shared');
      mkdirSync(shared, { mode: 0o777 });
      const context = contextOf(store, 'c', 'FROM localhost/busybox\nRUN test -e /shared/go || { sleep 1; exit 3; }\n');
      const args = ['bud', '-v', `${shared}:/shared:ro`, context];
      const first = await startUntil(store, args, 'STEP 2/2');
      const second = store.ok(args);
      writeFileSync(join(shared, 'go'), '');
      await second;
      await first.ended;
    });
  });

  test('several targets give several images', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(
        store,
        'c',
        'FROM localhost/busybox AS base\nRUN echo base > /base\nFROM base AS one\nLABEL name=one\nFROM base AS two\nLABEL name=two\nFROM base AS three\nRUN exit 1\n',
      );
      const built = await store.ok(['bud', '-q', '--target', 'one', '--target', 'two', '-t', 'last', '-t', 'one=first', context]);
      const ids = built.stdout.trim().split('\n');
      const nameOf = async (image: string) =>
        (await store.ok(['inspect', '--format', '{{.FromImageID}} {{.OCIv1.Config.Labels.name}}', image])).stdout.trim();
      assert.equal([await nameOf('first'), await nameOf('last')], [`${ids[0]} one`, `${ids[1]} two`]);
      const wrong = await store.tsbuild(['bud', '--target', 'one', '-t', 'two=x', context]);
      assert.equal([wrong.status, wrong.stderr.includes('two is no target of this build')], [125, true]);
    });
  });

  test('the whole output of a failing step is kept, and named in the error', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const lines =
        'i=0; while [ $i -lt 200000 ]; do echo "a line of output that is long enough $i"; i=$((i+1)); done; echo end >&2; exit 4';
      // The first stage is the one that is shown at once: the output of the second has to wait, and is too long for that.
      const context = contextOf(
        store,
        'c',
        `FROM localhost/busybox AS first\nRUN sleep 20\nFROM localhost/busybox\nCOPY --from=first /nothing /\nFROM localhost/busybox AS loud\nRUN ${lines}\nFROM scratch\nCOPY --from=first / /\nCOPY --from=loud / /\n`,
      );
      const built = await store.tsbuild(['bud', '--jobs', '4', context]);
      assert.is(built.status, 4);
      const log = /^All it printed: (.*)$/m.exec(built.stderr)?.[1] ?? '';
      const text = (await run(['cat', log])).stdout;
      assert.ok(text.startsWith('a line of output that is long enough 0\n'));
      assert.ok(text.includes('enough 199999\n') && text.includes('end\n'));
      assert.not.ok(await isRunning('sleep 20'));
    });
  });

  test('SIGINT stops a build with status 130 and leaves nothing', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'c', 'FROM localhost/busybox\nRUN echo begun; sleep 47\n');
      const build = await startUntil(store, ['bud', '-t', 'never', context], 'begun');
      build.interrupt();
      const { status, stderr } = await build.ended;
      assert.equal([status, stderr.endsWith('Interrupted\n')], [130, true]);
      assert.not.ok(await isRunning('sleep 47'));
      assert.equal(readdirSync(join(store.root, 'tmp')), []);
      assert.not.match((await store.ok(['images'])).stdout, 'never');
    });
  });

  test('a second SIGINT ends a build at once that takes its time', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'c', "FROM localhost/busybox\nRUN trap '' TERM INT; echo begun; while :; do sleep 0.1; done\n");
      const build = await startUntil(store, ['bud', context], 'begun');
      build.interrupt();
      await new Promise((resolve) => setTimeout(resolve, 300));
      build.interrupt();
      const { status } = await build.ended;
      assert.is(status, 130);
      await store.ok(['bud', '-q', contextOf(store, 'after', 'FROM localhost/busybox\nRUN true\n')]);
    });
  });
});
