import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../support/tsbuild.js';

const BASE = 'FROM localhost/busybox';

async function withContext(body: (context: string, store: TestStore) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    await addBusybox(store);
    const context = join(store.directory, 'context');
    mkdirSync(join(context, 'src'), { recursive: true });
    await body(context, store);
  });
}

function write(context: string, lines: readonly string[], name = 'Containerfile'): void {
  writeFileSync(join(context, name), `${lines.join('\n')}\n`);
}

/** The explanation below a STEP line: lines up to the next that is none of it. */
function explanationOf(output: string, step: string): string[] {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.endsWith(`: ${step}`));
  const below = lines.slice(at + 1).filter((line) => !line.startsWith('-->'));
  const end = below.findIndex((line) => !/^( {2}|cache: )/.test(line));
  return below.slice(0, end).map((line) => line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'THEN').replace(/\b[0-9a-f]{12,16}\b/g, 'HEX'));
}

suite('integration/explain', (test) => {
  test('--explain names the files, variables and text that differ, and the parent', () =>
    withContext(async (context, store) => {
      const build = async (lines: readonly string[], ...flags: readonly string[]) => {
        write(context, [BASE, ...lines]);
        return (await store.ok(['build', '--explain', '-t', 'app', ...flags, context])).stdout;
      };
      const lines = ['ARG VERSION=1', 'ENV MODE=a', 'RUN echo $VERSION $MODE > /v', 'COPY src /src', 'WORKDIR /w', 'LABEL a=b'];
      for (const name of ['a', 'b']) writeFileSync(join(context, 'src', name), name);
      const [, , run = '', copy = ''] = lines;
      const cold = await build(lines);
      assert.equal(explanationOf(cold, run), ['cache: miss, nothing like it was built here before']);
      const again = await build(lines);
      for (const step of [run, copy, 'WORKDIR /w']) assert.equal(explanationOf(again, step), ['cache: hit, recorded THEN'], step);
      assert.equal(explanationOf(again, 'LABEL a=b'), []);

      writeFileSync(join(context, 'src/a'), 'longer');
      for (let index = 0; index < 5; index++) writeFileSync(join(context, 'src', `new${index}`), '');
      const changed = await build(['ARG VERSION=1', 'ENV MODE=b', ...lines.slice(2)], '--build-arg', 'VERSION=2');
      const parent = '  parent: the steps before gave other content, HEX -> HEX';
      const miss = 'cache: miss, not as recorded THEN';
      assert.equal(explanationOf(changed, run), [miss, '  ARG VERSION: HEX -> HEX', '  ENV MODE: HEX -> HEX']);
      assert.equal(explanationOf(changed, copy), [
        miss,
        '  src/a: 1 bytes mode 0644 HEX -> 6 bytes mode 0644 HEX',
        ...[0, 1, 2, 3].map((index) => `  src/new${index}: new, 0 bytes mode 0644 HEX`),
        '  and 1 more',
        parent,
      ]);

      const other = 'RUN echo other > /v';
      const rewritten = await build([...lines.slice(0, 2), other, ...lines.slice(3)], '--build-arg', 'VERSION=1');
      assert.equal(explanationOf(rewritten, other), [miss, `  instruction: was ${run}`]);
    }));

  test('--explain names the files of a mount and the base image', () =>
    withContext(async (context, store) => {
      const base = async (text: string) => {
        write(context, [BASE, `RUN echo ${text} > /base`], 'Containerfile.base');
        await store.ok(['build', '-q', '-t', 'base', '-f', join(context, 'Containerfile.base'), context]);
      };
      const step = 'RUN --mount=source=src,target=/src cat /src/a > /a';
      write(context, ['FROM localhost/base', step]);
      const build = async () => explanationOf((await store.ok(['build', '--explain', '-t', 'app', context])).stdout, step);
      await base('one');
      writeFileSync(join(context, 'src/a'), 'a');
      await build();
      writeFileSync(join(context, 'src/a'), 'ab');
      await base('two');
      assert.equal(await build(), [
        'cache: miss, not as recorded THEN',
        '  mount /src: src/a: 1 bytes mode 0644 HEX -> 2 bytes mode 0644 HEX',
        '  base image: HEX -> HEX',
      ]);
    }));

  test('an instruction that was moved, or stands in another checkout, is found by its text', () =>
    withContext(async (context, store) => {
      const step = 'RUN echo text > /text';
      write(context, [BASE, step]);
      await store.ok(['build', '-q', context]);
      const other = join(store.directory, 'other');
      mkdirSync(other);
      write(other, [BASE, 'RUN echo before > /before', step]);
      const { stdout } = await store.ok(['build', '--explain', other]);
      assert.equal(explanationOf(stdout, step).slice(1), ['  parent: the steps before gave other content, HEX -> HEX']);
      const [first = ''] = explanationOf(stdout, 'RUN echo before > /before');
      assert.is(first, 'cache: miss, nothing like it was built here before');
    }));

  test('cache why tells it afterwards, of an image or of a step', () =>
    withContext(async (context, store) => {
      const steps = ['RUN echo 1 > /one', 'RUN echo 2 > /two', 'CMD ["x"]'];
      write(context, [BASE, ...steps]);
      await store.ok(['build', '-q', context]);
      write(context, [BASE, 'RUN echo 1 > /one', 'RUN echo 3 > /two', 'CMD ["x"]']);
      const { stdout } = await store.ok(['build', '-t', 'app', context]);
      const [first = '', second = ''] = [...stdout.matchAll(/^--> ([0-9a-f]{12})$/gm)].map(([, id]) => id!);
      const why = (await store.ok(['cache', 'why', 'app'])).stdout;
      assert.equal(explanationOf(why, 'RUN echo 1 > /one'), ['cache: hit, recorded THEN']);
      assert.equal(explanationOf(why, 'RUN echo 3 > /two'), ['cache: miss, not as recorded THEN', '  instruction: was RUN echo 2 > /two']);

      // A build that finds everything leaves the explanation of what ran.
      await store.ok(['build', '-t', 'app', context]);
      assert.is((await store.ok(['cache', 'why', 'app'])).stdout.replace(/, again from.*/, ''), why);
      const hit = JSON.parse((await store.ok(['cache', 'why', '--json', first])).stdout);
      assert.equal([hit.instruction, hit.outcome, hit.index, hit.total], ['RUN echo 1 > /one', 'hit', 2, 4]);
      const miss = JSON.parse((await store.ok(['cache', 'why', '--json', second])).stdout);
      assert.equal(miss.differences, [{ kind: 'instruction', before: 'RUN echo 2 > /two', after: 'RUN echo 3 > /two' }]);

      for (const [what, message] of [
        ['nothing', /neither an image nor a step/],
        ['0123456789ab', /neither an image nor a step/],
      ] as const) {
        const failed = await store.tsbuild(['cache', 'why', what]);
        assert.is(failed.status, 125);
        assert.match(failed.stderr, message);
      }
      assert.is((await store.tsbuild(['cache', 'which'])).status, 125);
    }));

  test('a step that fails is explained, then and afterwards', () =>
    withContext(async (context, store) => {
      write(context, [BASE, 'RUN echo 1 > /one', 'RUN true', 'LABEL a=b']);
      await store.ok(['build', '-q', context]);
      const lines = ['RUN echo 1 > /one', 'RUN echo why; exit 3'];
      write(context, [BASE, ...lines, 'LABEL a=b']);
      const failed = await store.tsbuild(['build', '--explain', '-t', 'app', context]);
      assert.is(failed.status, 3);
      const differences = ['cache: miss, not as recorded THEN', '  instruction: was RUN true'];
      assert.equal(explanationOf(failed.stdout.replace('why\n', ''), lines[1]!), differences);
      const why = (await store.ok(['cache', 'why'])).stdout;
      assert.match(why, /^Build that failed /);
      assert.match(why, /^--> [0-9a-f]{12} \(not finished\)$/m);
      assert.equal(explanationOf(why, lines[0]!), ['cache: hit, recorded THEN']);
      assert.equal(explanationOf(`${why}end\n`, lines[1]!), differences);
      const json = (await store.ok(['cache', 'why', '--json'])).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(
        json.map(({ build, instruction, outcome, unfinished }) => [build, instruction, outcome, unfinished]),
        [
          ['failed', BASE, 'base', undefined],
          ['failed', lines[0], 'hit', undefined],
          ['failed', lines[1], 'miss', true],
        ],
      );
      // The step by its digits, which only the log tells; the image it would have replaced is none.
      assert.match((await store.ok(['cache', 'why', json[2].id])).stdout, 'instruction: was RUN true');
      assert.is((await store.tsbuild(['cache', 'why', 'app'])).status, 125);
    }));

  test('a build that is interrupted keeps its decisions', () =>
    withContext(async (context, store) => {
      write(context, [BASE, 'RUN echo started; sleep 100']);
      const [program, ...args] = store.argv(['build', context]);
      const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      let shown = '';
      child.stdout.on('data', (bytes) => {
        if (shown.includes('\nstarted')) return;
        shown += String(bytes);
        if (shown.includes('\nstarted')) child.kill('SIGINT');
      });
      const [status] = await once(child, 'close');
      assert.is(status, 130);
      const why = (await store.ok(['cache', 'why'])).stdout;
      assert.match(why, /^Build that was cancelled /);
      assert.equal(explanationOf(`${why}end\n`, 'RUN echo started; sleep 100'), ['cache: miss, nothing like it was built here before']);
    }));

  test('--explain=json gives one object a step on standard output, and the rest elsewhere', () =>
    withContext(async (context, store) => {
      write(context, [BASE, 'ENV A=b', 'RUN echo hidden > /x; echo shown']);
      const { stdout, stderr } = await store.ok(['build', '--explain=json', '--build-arg', 'SECRETLIKE=value', context]);
      const objects = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
      assert.equal(
        objects.map(({ stage, index, total, instruction, outcome }) => [stage, index, total, instruction, outcome]),
        [
          [0, 1, 3, 'FROM localhost/busybox', 'base'],
          [0, 2, 3, 'ENV A=b', 'none'],
          [0, 3, 3, 'RUN echo hidden > /x; echo shown', 'miss'],
        ],
      );
      assert.match(stderr, /STEP 3\/3: RUN echo hidden/);
      assert.match(stderr, /^shown$/m);
    }));

  test('values of variables are in no explanation, and in nothing the cache keeps', () =>
    withContext(async (context, store) => {
      write(context, [BASE, 'ARG TOKEN', 'RUN true $TOKEN > /x']);
      const shown: string[] = [];
      for (const token of ['hunter2-first', 'hunter2-second'])
        shown.push((await store.ok(['build', '--explain', '-t', 'app', '--build-arg', `TOKEN=${token}`, context])).stdout);
      shown.push((await store.ok(['cache', 'why', '--json', 'app'])).stdout);
      assert.not.match(shown.join('\n'), /hunter2/);
      const found = await store.tsbuild(['unshare', 'grep', '-rl', 'hunter2', join(store.root, 'cache')]);
      assert.is(found.stdout, '');
    }));
});
