import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, run, type TestStore, withTestStore } from '../support/tsbuild.js';

// What buildah-build(1) says of --compat-volumes: only ADD and COPY change what is in a volume, of this build's and of the base's volumes.
const CONTAINERFILE = `FROM busybox
RUN mkdir -p /data/sub /data/deep/er && echo before > /data/sub/a && echo before > /data/b && chmod 750 /data
VOLUME /data /data/deep /linked
RUN ln -s /data/sub /outside && ls /linked
RUN echo changed > /data/sub/a && rm /data/b && echo new > /data/c && chmod 700 /data && echo new > /outside/d && \\
    echo new > /data/deep/er/f && echo kept > /kept && cat /data/c > /seen
COPY later /data/later
RUN cat /data/later /data/b >> /seen; rm /data/later
`;
const CHILD = `FROM parent
RUN echo again > /data/b && echo again > /data/e && echo again > /kept
`;
const LOOK = 'find /data | sort; cat /data/sub/a /data/b /data/later /kept; stat -c %a /data; ls /linked';
const FILES = ['/data', '/data/b', '/data/deep', '/data/deep/er', '/data/later', '/data/sub', '/data/sub/a'];

suite('build --compat-volumes', (test) => {
  for (const extra of [[], ['--layers=false'], ['--storage-driver', 'vfs']]) {
    test(`keeps of a volume what COPY brings, and nothing that RUN does: ${extra.join(' ') || 'layers'}`, () =>
      withTestStore(async (store) => {
        const context = await makeContext(store);
        await store.ok(['build', '--compat-volumes', ...extra, '-t', 'parent', context]);
        await store.ok(['build', '--compat-volumes', ...extra, '-f', join(context, 'Containerfile.child'), '-t', 'child', context]);
        assert.is(await look(store, 'parent', extra), [...FILES, 'before', 'before', 'later', 'kept', '750', ''].join('\n'));
        assert.is(await look(store, 'child', extra), [...FILES, 'before', 'before', 'later', 'again', '750', ''].join('\n'));
        const [{ stdout: container }] = [await store.ok([...driver(extra), 'from', 'parent'])];
        const seen = await store.ok([...driver(extra), 'run', container.trim(), 'cat', '/seen']);
        assert.is(seen.stdout.split('\n').slice(0, 3).join(' '), 'new later before', 'a command sees what it wrote, the next one does not');
      }));
  }

  test('a pipe that an image calls a volume is refused, and not waited for', () =>
    withTestStore(async (store) => {
      const context = await makeContext(store);
      writeFileSync(join(context, 'Containerfile'), 'FROM busybox\nVOLUME /pipe\nRUN rmdir /pipe && mkfifo /pipe\n');
      await store.ok(['build', '-t', 'odd', context]);
      writeFileSync(join(context, 'Containerfile'), 'FROM odd\nRUN true\n');
      const { status, stderr } = await run(['timeout', '-k', '1', '20', ...store.argv(['build', '--compat-volumes', context])]);
      assert.is(status, 125, stderr);
      assert.match(stderr, 'only files and directories can be mounted so that what is written to them is thrown away');
    }));

  test('is not so without it', () =>
    withTestStore(async (store) => {
      const context = await makeContext(store);
      await store.ok(['build', '-t', 'parent', context]);
      const { stdout: container } = await store.ok(['from', 'parent']);
      const { stdout } = await store.ok(['run', container.trim(), 'cat', '/data/sub/a', '/data/c']);
      assert.is(stdout, 'changed\nnew\n');
    }));

  test('is part of the key of RUN: a cached layer of the other kind is not taken', () =>
    withTestStore(async (store) => {
      const context = await makeContext(store);
      await store.ok(['build', '-t', 'parent', context]);
      await store.ok(['build', '--compat-volumes', '-t', 'parent', context]);
      assert.match(await look(store, 'parent', []), /^before$/m);
      const again = await store.ok(['build', '--compat-volumes', '-t', 'parent', context]);
      assert.is(again.stdout.match(/--> Using cache/g)?.length, 6, again.stdout);
    }));
});

async function makeContext(store: TestStore): Promise<string> {
  await addBusybox(store);
  const context = join(store.directory, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Containerfile'), CONTAINERFILE);
  writeFileSync(join(context, 'Containerfile.child'), CHILD);
  writeFileSync(join(context, 'later'), 'later\n');
  return context;
}

function driver(extra: readonly string[]): readonly string[] {
  return extra[0] === '--storage-driver' ? extra : [];
}

async function look(store: TestStore, image: string, extra: readonly string[]): Promise<string> {
  const { stdout: container } = await store.ok([...driver(extra), 'from', image]);
  return (await store.ok([...driver(extra), 'run', container.trim(), 'sh', '-c', LOOK])).stdout;
}
