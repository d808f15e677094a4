import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../support/tsbuild.js';

function contextOf(store: TestStore, containerfile: string): string {
  const directory = join(store.directory, 'context');
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  writeFileSync(join(directory, 'data'), 'of the context\n');
  return directory;
}

suite('integration/debug-build', (test) => {
  test('--on-error=shell opens a shell where the command failed', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(
        store,
        'FROM localhost/busybox\nWORKDIR /w\nENV A=of-the-image\nARG B=of-the-build\nRUN --mount=target=/src echo written > made; exit 7\n',
      );
      const script = 'pwd; cat made; echo $A $B; cat /src/data; echo 42 > answer; cat answer';
      const built = await store.tsbuild(['bud', '--on-error=shell', context], { stdin: `${script}\n` });
      assert.is(built.status, 7);
      assert.ok(built.stdout.endsWith('/w\nwritten\nof-the-image of-the-build\nof the context\n42\n'), built.stdout);
      assert.match(built.stderr, 'the build ends when it does');
    });
  });

  test('--on-error=shell opens a shell where a COPY was to copy', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'FROM localhost/busybox\nWORKDIR /w\nENV A=of-the-image\nRUN echo before > made\nCOPY nothing .\n');
      const built = await store.tsbuild(['bud', '--on-error=shell', context], { stdin: 'pwd; cat made; echo $A\n' });
      assert.is(built.status, 125);
      assert.ok(built.stdout.endsWith('/w\nbefore\nof-the-image\n'), built.stdout);
      assert.match(built.stderr, '>> 5 | COPY nothing .');
    });
  });

  test('without --on-error nothing is opened', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const built = await store.tsbuild(['bud', contextOf(store, 'FROM localhost/busybox\nRUN exit 7\n')], { stdin: 'echo opened\n' });
      assert.equal([built.status, built.stdout.includes('opened')], [7, false]);
    });
  });

  test('--until stops at a line, and --shell looks at what is there', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(
        store,
        'FROM localhost/busybox AS one\nENV A=b\nRUN echo first \\\n  > /first\nRUN exit 1\nFROM one\nRUN exit 2\n',
      );
      for (const flags of [['--shell'], ['--on-error=shell']]) {
        const built = await store.ok(['bud', '--until', '4', ...flags, '-t', 'part', context], {
          stdin: 'cat /first; echo $A; touch /lost\n',
        });
        assert.match(built.stdout, 'STEP 3/3: RUN echo first');
        assert.match(built.stdout, 'first\nb\n');
      }
      const again = await store.ok(['bud', '--until', '4', '--shell', context], { stdin: 'test -e /lost || echo gone\n' });
      assert.match(again.stdout, 'gone\n');
      assert.match((await store.ok(['images'])).stdout, 'localhost/part');
      const early = await store.tsbuild(['bud', '--until', '0', context]);
      assert.equal([early.status, early.stderr.includes('no stage has begun by then')], [125, true]);
    });
  });
});
