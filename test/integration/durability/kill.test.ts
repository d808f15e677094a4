import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { openStore } from '../../../src/store/index.js';
import { suite } from '../../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../../support/tsbuild.js';
import { Layout } from '../../support/validate-layout.js';

// Root, a user with subordinate ids and one without each do this many: together two hundred.
const ROUNDS = Number(process.env.TSBUILD_KILL_ROUNDS ?? 67);
// Each user has moments of its own.
const SEED = Number(process.env.TSBUILD_TEST_SEED ?? 20_260_101 + (process.getuid?.() ?? 0));

/** mulberry32: numbers in [0, 1), the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The command lines of its RUN steps carry the marker, so that what is left of them can be found.
function containerfile(marker: string): string {
  return `FROM localhost/busybox AS first
ARG ROUND
RUN : ${marker}; echo $ROUND > /round && mkdir /many && for i in $(seq 300); do echo $i > /many/$i; done
RUN : ${marker}; sleep 0.1 & sleep 0.05; rm -r /many && echo $ROUND > /again
FROM localhost/busybox
ARG ROUND
WORKDIR /work
COPY data .
COPY --from=first /round /again ./
RUN : ${marker}; cat data data data data > /big && echo $ROUND > /last
RUN : ${marker}; echo done >> /last
`;
}

/** Starts a build in a process group of its own and kills the builder, or all of the group, after `delayMs`, if it is not over by then. */
function buildAndKill(store: TestStore, args: readonly string[], delayMs: number, whom: 'builder' | 'group'): Promise<'killed' | number> {
  const [program, ...rest] = store.argv(['bud', '-q', ...args]);
  const child = spawn(program!, rest, { stdio: 'ignore', detached: true });
  const timer = setTimeout(() => {
    try {
      process.kill(whom === 'group' ? -child.pid! : child.pid!, 'SIGKILL');
    } catch {
      // It ended in this very moment.
    }
  }, delayMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve(status ?? 'killed');
    });
  });
}

/** The command lines that have one of `texts`. */
function processesWith(...texts: readonly string[]): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return texts.some((text) => line.includes(text)) ? [`${pid}: ${line}`] : [];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

async function nothingRunsWith(...texts: readonly string[]): Promise<void> {
  // The kernel ends the processes of a dead pid namespace in its own time.
  for (let i = 0; i < 100 && processesWith(...texts).length > 0; i++) await sleep(20);
  assert.equal(processesWith(...texts), []);
}

suite('durability/kill', (test) => {
  test(`SIGKILL at ${ROUNDS} random moments of a build leaves a store that works`, async () => {
    await withTestStore(async (store) => {
      process.stdout.write(`seed ${SEED}\n`);
      const random = randomNumbers(SEED);
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      const marker = `tsbuild-kill-${process.pid}`;
      writeFileSync(join(context, 'Containerfile'), containerfile(marker));
      writeFileSync(join(context, 'data'), Buffer.alloc(2 << 20, 'some text\n'));
      const args = (round: string | number) => ['--build-arg', `ROUND=${round}`, '-t', 'app', context];
      const layout = new Layout(store.root);
      const current = () => layout.image('localhost/app:latest');
      const round = (image = current()) => layout.read(image, 'last').toString().split('\n')[0];

      const started = Date.now();
      await store.ok(['bud', '-q', ...args('old')]);
      const duration = Date.now() - started;
      let killed = 0;
      for (let number = 1; number <= ROUNDS; number++) {
        const before = current();
        const moment = random() * duration;
        const ending = await buildAndKill(store, args(number), moment, number % 2 === 0 ? 'group' : 'builder');
        const subject = `round ${number}, seed ${SEED}, killed after ${moment.toFixed(0)} of ${duration} ms`;
        if (ending === 'killed') killed++;
        else assert.is(ending, 0, subject);
        await nothingRunsWith(marker, store.root);
        assert.not.match(readFileSync('/proc/self/mountinfo', 'utf8'), store.directory);
        // The old image; or, in the last milliseconds, the new one, complete.
        assert.ok(current().id === before.id || round() === String(number), subject);
        if (number % 10 === 0) {
          assert.match((await store.ok(['images'])).stdout, /localhost\/app +latest/);
          assert.match((await store.ok(['system', 'check'])).stdout, /: all is well$/m);
        }
        assert.equal(await layout.problems(), [], subject);

        const opened = await openStore({ root: store.root, runRoot: join(store.directory, 'run') });
        assert.equal(opened.damagedFiles(), [], subject);
        // Nobody holds the store.
        (await opened.lockExclusive({ signal: AbortSignal.timeout(2000) }))();
        await opened.close();
      }
      process.stdout.write(`${killed} of ${ROUNDS} builds were killed\n`);
      assert.ok(killed >= ROUNDS / 2, `only ${killed} builds were killed in time`);

      await store.ok(['bud', '-q', ...args('last')]);
      assert.is(round(), 'last');
      assert.is(layout.read(current(), 'work/again').toString(), 'last\n');
      assert.is(layout.read(current(), 'big').length, 4 * (2 << 20));
      assert.equal(await layout.problems(), []);
      assert.equal(readdirSync(join(store.root, 'tmp')), [], 'the next build sweeps what killed ones left');
      assert.equal(readdirSync(join(store.root, 'trash')), []);
      // Every blob, layer and snapshot, byte for byte.
      assert.match((await store.ok(['system', 'check'])).stdout, /: all is well$/m);
    });
  });

  test('the first build of a store, killed, leaves a store in which the next one succeeds', async () => {
    await withTestStore(async (store) => {
      const marker = `tsbuild-kill-first-${process.pid}`;
      const random = randomNumbers(SEED + 1);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY data /\nCOPY more /\n');
      writeFileSync(join(context, 'data'), Buffer.alloc(4 << 20, marker));
      writeFileSync(join(context, 'more'), marker);
      for (let number = 0; number < 4; number++) {
        await buildAndKill(store, ['-t', 'app', context], 40 + random() * 120, 'group');
        await nothingRunsWith(store.root);
        await store.ok(['images']);
      }
      await store.ok(['bud', '-q', '-t', 'app', context]);
      assert.equal(await new Layout(store.root).problems(), []);
      await addBusybox(store);
      await store.ok(['images']);
    });
  });

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const) {
    test(`${signal} to the builder alone ends the RUN too, and the name stays what it was`, async () => {
      await withTestStore(async (store) => {
        await addBusybox(store);
        await store.ok(['tag', 'busybox', 'app']);
        const marker = `tsbuild-${signal}-${process.pid}`;
        const context = join(store.directory, 'context');
        mkdirSync(context);
        writeFileSync(join(context, 'Containerfile'), `FROM localhost/busybox\nRUN : ${marker}; echo started; sleep 300 & sleep 300\n`);
        const [program, ...args] = store.argv(['bud', '-t', 'app', context]);
        const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
        const ended = new Promise((resolve) => child.on('close', resolve));
        for await (const text of child.stdout.setEncoding('utf8')) if (/^started$/m.test(text)) child.kill(signal);
        assert.is(await ended, status);
        await nothingRunsWith(marker, store.root);
        const layout = new Layout(store.root);
        assert.is(layout.image('localhost/app:latest').id, layout.image('localhost/busybox:latest').id);
        await store.ok(['bud', '-q', '-t', 'next', '--build-arg', 'A=1', '-f', '-', context], {
          stdin: 'FROM localhost/busybox\nARG A\nRUN echo $A\n',
        });
        assert.equal(readdirSync(join(store.root, 'tmp')), []);
      });
    });
  }

  test('SIGINT ends a RUN that does not listen, says so and clears up', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const marker = `tsbuild-deaf-${process.pid}`;
      const context = join(store.directory, 'context');
      mkdirSync(context);
      const deaf = `trap "" INT TERM; : ${marker}; echo started; sleep 300; sleep 300`;
      writeFileSync(join(context, 'Containerfile'), `FROM localhost/busybox\nRUN ${deaf}\n`);
      const [program, ...args] = store.argv(['bud', context]);
      const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = new Promise((resolve) => child.on('close', resolve));
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      for await (const text of child.stdout.setEncoding('utf8')) if (/^started$/m.test(text)) child.kill('SIGINT');
      assert.is(await ended, 130);
      assert.match(errors, /^Interrupted$/m);
      await nothingRunsWith(marker, store.root);
      assert.equal(readdirSync(join(store.root, 'tmp')), []);
    });
  });
});
