import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, containerfiles, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

/** Everything that is wrong with the store, as the store itself and as the specification sees it. */
async function problemsOf(store: TestStore): Promise<readonly string[]> {
  const { status, stdout } = await store.tsbuild(['system', 'check']);
  return [...(status === 0 ? [] : [stdout]), ...(await new Layout(store.root).problems())];
}

function contextOf(store: TestStore, name: string, containerfile: string): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  writeFileSync(join(directory, 'data'), `${name}\n`.repeat(50_000));
  return directory;
}

suite('integration/real-concurrency', (test) => {
  test('four different builds into one new store at once', async () => {
    await withTestStore(async (store) => {
      const busybox = join(store.directory, 'busybox');
      await withTestStore(async (other) => {
        // Only for its archive: the store under test starts empty.
        await addBusybox(other);
        await other.ok(['push', '-q', 'busybox', `oci-archive:${busybox}:localhost/busybox:latest`]);
      });
      const names = ['one', 'two', 'three', 'four'];
      const results = await Promise.all(
        names.map((name) => {
          const context = contextOf(
            store,
            name,
            `FROM oci-archive:${busybox}:localhost/busybox:latest
WORKDIR /work
COPY data .
RUN echo same for all > /same && mkdir -p many && for i in $(seq 200); do echo $i > many/$i; done
RUN echo ${name} > name && rm many/7
`,
          );
          return store.tsbuild(['bud', '-t', name, context]);
        }),
      );
      for (const result of results) assert.is(result.status, 0, result.stderr);
      const layout = new Layout(store.root);
      for (const name of names) {
        const image = layout.image(`localhost/${name}:latest`);
        assert.is(layout.read(image, 'work/name').toString(), `${name}\n`);
        assert.ok(layout.list(image.manifest.layers.at(-1)!).has('work/many/.wh.7'));
      }
      assert.equal(await problemsOf(store), []);
    });
  });

  test('four equal builds at once all succeed, and the next takes everything from the cache', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const hello = join(containerfiles, 'hello/context');
      const runs = await Promise.all(Array.from({ length: 4 }, () => store.ok(['bud', '-q', '-t', 'hello', hello])));
      const layout = new Layout(store.root);
      assert.ok(runs.some((result) => result.stdout.trim() === layout.image('localhost/hello:latest').id));
      // Each RUN wrote its files at a time of its own, so the four images need not be one; from here on there is one.
      const next = await store.ok(['bud', '-t', 'next', hello]);
      // WORKDIR, COPY, RUN, RUN and WORKDIR, COPY, COPY, RUN.
      assert.is(next.stdout.match(/^--> Using cache /gm)?.length, 8, next.stdout);
      assert.is((await store.ok(['bud', '-q', '-t', 'again', hello])).stdout.trim(), layout.image('localhost/next:latest').id);
      assert.is(layout.read(layout.image('localhost/next:latest'), 'usr/share/hello/message.txt').toString(), 'Hello from tsbuild\n');
      assert.equal(await problemsOf(store), []);
    });
  });

  test('builds, containers, tags and removals at once leave a clean store', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const build = async (name: string) => {
        const context = contextOf(store, name, `FROM localhost/busybox\nCOPY data /\nRUN sha256sum /data > /${name}\n`);
        await store.ok(['bud', '-q', '-t', name, context]);
        await store.ok(['from', '--name', `c-${name}`, name]);
        assert.match((await store.ok(['run', `c-${name}`, 'cat', `/${name}`])).stdout, /^[0-9a-f]{64} {2}\/data\n$/);
        await store.ok(['tag', name, `${name}-too`]);
        await store.ok(['rm', `c-${name}`]);
        await store.ok(['rmi', name]);
      };
      await Promise.all(['a', 'b', 'c', 'd'].map(build));
      const { stdout } = await store.ok(['images']);
      for (const name of ['a', 'b', 'c', 'd']) assert.match(stdout, new RegExp(`localhost/${name}-too +latest`));
      assert.equal(await problemsOf(store), []);
    });
  });
});
