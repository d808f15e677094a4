import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../../support/tsbuild.js';

const WORKERS = 8;
/** A minute shows more; the tests have less. */
const SECONDS = Number(process.env.TSBUILD_SOAK_SECONDS ?? 8);
const SEED = Number(process.env.TSBUILD_TEST_SEED ?? 20_260_101);

/** What a command may say when another has just removed what it names. */
const USERS_OWN =
  /image not known|container not known|is in use|already in use|image is being used|used by (?:a )?(?:working )?container|short-name .* did not resolve/i;

/** Numbers in [0, limit), the same ones for the same seed. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** One process after the other, each doing something else to the same few names, until the time is over. Gives what went wrong. */
async function work(store: TestStore, worker: number, context: string, until: number): Promise<readonly string[]> {
  const random = randomNumbers(SEED + worker);
  const problems: string[] = [];
  let done = 0;
  const name = (): string => `shared-${random(4)}`;
  const commands: readonly (() => readonly string[])[] = [
    () => ['bud', '-q', '-t', name(), '--build-arg', `N=${random(6)}`, context],
    () => ['bud', '-q', '-t', name(), '--build-arg', `N=${random(6)}`, '--jobs', '2', context],
    () => ['tag', name(), name()],
    () => ['rmi', name()],
    () => ['rmi', '-f', name()],
    () => ['images', '--json'],
    () => ['inspect', '--type', 'image', name()],
    () => ['from', '--name', `c-${worker}`, name()],
    () => ['run', `c-${worker}`, 'cat', '/many/7'],
    () => ['rm', `c-${worker}`],
    () => ['prune'],
    () => ['cache', 'prune', '--keep-storage', '1mb'],
    () => ['image', 'prune'],
    () => ['system', 'df'],
  ];
  while (Date.now() < until) {
    const command = commands[random(commands.length)]!();
    const { status, signal, stderr } = await store.tsbuild(command, { signal: AbortSignal.timeout(60_000) });
    done++;
    if (signal !== null) problems.push(`${command.join(' ')}: stuck`);
    else if (status !== 0 && !USERS_OWN.test(stderr)) problems.push(`${command.join(' ')}: status ${status}\n${stderr}`);
  }
  if (done === 0) problems.push(`worker ${worker} did nothing`);
  return problems;
}

suite('durability/soak', (test) => {
  test(`${WORKERS} processes that build, tag, remove and collect in one store for ${SECONDS} seconds`, () =>
    withTestStore(async (store) => {
      process.stdout.write(`seed ${SEED}\n`);
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'data'), 'data\n'.repeat(20_000));
      const lines = [
        'FROM localhost/busybox',
        'ARG N',
        'COPY data /data',
        'RUN mkdir /many && for i in $(seq 50); do echo $N > /many/$i; done',
        'RUN cat /data > /copy-$N',
      ];
      writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
      await store.ok(['bud', '-q', '-t', 'kept', '--build-arg', 'N=kept', context]);
      await store.ok(['from', '--name', 'kept', 'kept']);
      await store.ok(['run', 'kept', 'sh', '-c', 'echo written > /written']);

      const until = Date.now() + SECONDS * 1000;
      const problems = await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(store, worker, context, until)));
      assert.equal(problems.flat(), []);

      assert.match((await store.ok(['system', 'check'])).stdout, /all is well/);
      assert.is((await store.ok(['run', 'kept', 'cat', '/written', '/many/50'])).stdout, 'written\nkept\n');
      await store.ok(['from', '--name', 'again', 'kept']);
      assert.is((await store.ok(['run', 'again', 'cat', '/copy-kept'])).stdout, 'data\n'.repeat(20_000));
      // All that is left can go.
      await store.ok(['rm', '--all']);
      await store.ok(['rmi', '--all', '--force']);
      await store.ok(['prune', '-a']);
      const rows = JSON.parse((await store.ok(['system', 'df', '--format', 'json'])).stdout) as { Type: string; RawSize: number }[];
      assert.equal(
        rows.filter(({ Type, RawSize }) => Type !== 'Logs' && RawSize > 0),
        [],
      );
    }));
});
