import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { addBusybox, containerfiles, fixtures, run, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const hello = join(containerfiles, 'hello/context');
const ID = /^[0-9a-f]{64}$/;

function layoutOf(store: TestStore): Layout {
  return new Layout(store.root);
}

/** A context with this Containerfile. */
function contextOf(store: TestStore, containerfile: string, name = 'context'): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'Containerfile'), containerfile);
  return directory;
}

/** Output with every ID of a step replaced, the same one by the same number. */
function withoutIds(stdout: string): string {
  const numbers = new Map<string, number>();
  return stdout.replace(/\b[0-9a-f]{12}\b/g, (id) => {
    numbers.set(id, numbers.get(id) ?? numbers.size + 1);
    return `<${numbers.get(id)}>`;
  });
}

suite('integration/real-hello', (test) => {
  test('bud prints the lines of Buildah, stage by stage, and the ID last', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const { stdout } = await store.ok(['bud', '-t', 'hello', hello]);
      const lines = stdout.trimEnd().split('\n');
      assert.match(lines.pop()!, ID);
      assert.is(
        withoutIds(lines.join('\n')),
        `[1/2] STEP 1/7: FROM localhost/busybox AS build
[1/2] STEP 2/7: ARG GREETING="Hello from tsbuild"
--> <1>
[1/2] STEP 3/7: ENV LANG=C.UTF-8
--> <2>
[1/2] STEP 4/7: WORKDIR /src
--> <3>
[1/2] STEP 5/7: COPY greet.sh message.txt ./
--> <4>
[1/2] STEP 6/7: RUN sed -i "s/@GREETING@/$GREETING/" message.txt
--> <5>
[1/2] STEP 7/7: RUN chmod 0755 greet.sh && ./greet.sh message.txt > expected.txt && test -s expected.txt
--> <6>
[2/2] STEP 1/9: FROM localhost/busybox
[2/2] STEP 2/9: ENV MESSAGE=/usr/share/hello/message.txt
--> <7>
[2/2] STEP 3/9: WORKDIR /usr/share/hello
--> <8>
[2/2] STEP 4/9: COPY --from=build /src/message.txt /src/expected.txt ./
--> <9>
[2/2] STEP 5/9: COPY --from=build /src/greet.sh /usr/bin/greet
--> <10>
[2/2] STEP 6/9: RUN echo "hello:x:1000:1000:hello:/usr/share/hello:/bin/sh" >> /etc/passwd && test "$(id -u hello)" = 1000
--> <11>
[2/2] STEP 7/9: USER hello
--> <12>
[2/2] STEP 8/9: ENTRYPOINT ["/usr/bin/greet"]
--> <13>
[2/2] STEP 9/9: CMD ["/usr/share/hello/message.txt"]
[2/2] COMMIT hello
--> <14>
Successfully tagged localhost/hello:latest`,
      );
    });
  });

  test('from, run without a command, rm: the entrypoint runs as the user of the image', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['bud', '-q', '-t', 'hello', hello]);
      assert.is((await store.ok(['from', 'hello'])).stdout, 'hello-working-container\n');
      assert.is((await store.ok(['from', 'scratch'])).stdout, 'working-container\n');
      const { stdout } = await store.ok(['run', 'hello-working-container']);
      assert.is(stdout, `Hello from tsbuild\nrunning as uid 1000 in /usr/share/hello\n`);
      const changed = await store.tsbuild(['run', '--user', '0', 'hello-working-container', '--', 'sh', '-c', 'echo kept > /kept; exit 7']);
      assert.is(changed.status, 7);
      assert.is((await store.ok(['run', 'hello-working-container', 'cat', '/kept'])).stdout, 'kept\n');
      await store.ok(['rm', 'hello-working-container']);
      assert.is((await store.tsbuild(['run', 'hello-working-container', 'true'])).status, 125);
      assert.equal(await layoutOf(store).problems(), []);
    });
  });

  test('building again takes every step from the cache and gives the same image', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const first = await store.ok(['bud', '-t', 'hello', hello]);
      const again = await store.ok(['bud', '-t', 'hello', hello]);
      const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);
      assert.is(lastLine(again.stdout), lastLine(first.stdout));
      const cached = again.stdout.split('\n').filter((line) => line.startsWith('--> Using cache '));
      for (const line of cached) assert.match(line, /^--> Using cache [0-9a-f]{12}$/);
      // Every step that makes a layer: WORKDIR, COPY, RUN, RUN and WORKDIR, COPY, COPY, RUN.
      assert.ok(cached.length >= 8, again.stdout);
      const layers = layoutOf(store).image('localhost/hello:latest').manifest.layers.length;
      assert.is(layers, 5);
    });
  });

  test('a changed file runs its own step and those behind it again, not those before', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = join(store.directory, 'context');
      cpSync(hello, context, { recursive: true });
      await store.ok(['bud', '-q', '-t', 'hello', context]);
      writeFileSync(join(context, 'message.txt'), 'Good day: @GREETING@\n');
      const { stdout } = await store.ok(['bud', '-t', 'hello', context]);
      assert.match(stdout, /WORKDIR \/src\n--> Using cache/);
      assert.match(stdout, /COPY greet.sh message.txt .\/\n--> [0-9a-f]{12}\n/);
      // The script did not change, so the copy of it alone is still good for its own step's inputs, but it stands on a new layer.
      assert.match(stdout, /COPY --from=build \/src\/message.txt \/src\/expected.txt .\/\n--> [0-9a-f]{12}\n/);
      await store.ok(['from', '--name', 'c', 'hello']);
      assert.match((await store.ok(['run', 'c'])).stdout, /^Good day: Hello from tsbuild\n/);
    });
  });

  test('--quiet leaves the ID alone on standard output', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const { stdout } = await store.ok(['bud', '--quiet', '-t', 'hello', hello]);
      assert.match(stdout, /^[0-9a-f]{64}\n$/);
      assert.is(stdout.trim(), layoutOf(store).image('localhost/hello:latest').id);
    });
  });

  test('a RUN that fails gives its own exit status, and the name stays what it was', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const good = (await store.ok(['bud', '-q', '-t', 'app', hello])).stdout.trim();
      const context = contextOf(store, 'FROM localhost/busybox\nRUN echo before; echo loud >&2; exit 42\nRUN echo never > /never\n');
      const failed = await store.tsbuild(['bud', '-t', 'app', context]);
      assert.is(failed.status, 42);
      assert.match(failed.stdout, /\nbefore\n/);
      assert.match(failed.stderr, /(^|\n)loud\n/);
      assert.match(failed.stderr, /exit status 42/);
      assert.not.match(failed.stdout, /COMMIT|RUN echo never/);
      assert.is(layoutOf(store).image('localhost/app:latest').id, good);
      const killed = contextOf(store, 'FROM localhost/busybox\nRUN kill -KILL $$\n', 'killed');
      assert.is((await store.tsbuild(['bud', killed])).status, 137);
    });
  });

  for (const [subject, containerfile, expected] of [
    ['a missing COPY source', 'FROM localhost/busybox\nCOPY missing.txt /\n', /missing\.txt/],
    ['an unknown instruction', 'FROM localhost/busybox\nCOPPY a /\n', /COPPY/],
    ['an unknown stage', 'FROM localhost/busybox\nCOPY --from=localhost/nothing:1 /a /\n', /localhost\/nothing:1/],
    ['a source outside the context', 'FROM localhost/busybox\nCOPY ../../etc/passwd /\n', /passwd/],
  ] as const) {
    test(`${subject} ends with status 125 and is named`, async () => {
      await withTestStore(async (store) => {
        await addBusybox(store);
        const failed = await store.tsbuild(['bud', '-t', 'app', contextOf(store, containerfile)]);
        assert.is(failed.status, 125, failed.stderr);
        assert.match(failed.stderr, expected);
        assert.throws(() => layoutOf(store).image('localhost/app:latest'));
      });
    });
  }

  test('a context or Containerfile that is not there ends with status 125', async () => {
    await withTestStore(async (store) => {
      for (const argv of [
        ['bud', join(store.directory, 'nowhere')],
        ['bud', '-f', join(store.directory, 'nothing'), hello],
      ]) {
        const failed = await store.tsbuild(argv);
        assert.is(failed.status, 125);
        assert.match(failed.stderr, /nowhere|nothing/);
      }
    });
  });

  test('--target, --build-arg and --iidfile', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const file = join(store.directory, 'iid');
      const { stdout } = await store.ok([
        ...['bud', '-q', '--target', 'build', '--build-arg', 'GREETING=Bonjour', '--iidfile', file, '-t', 'builder', hello],
      ]);
      assert.is(readFileSync(file, 'utf8'), `sha256:${stdout.trim()}`);
      const image = layoutOf(store).image('localhost/builder:latest');
      assert.is(image.config.config?.WorkingDir, '/src');
      assert.is(layoutOf(store).read(image, 'src/message.txt').toString(), 'Bonjour\n');
      const unused = await store.ok(['bud', '--build-arg', 'OTHER=1', hello]);
      assert.match(unused.stderr, /OTHER/);
    });
  });

  test('--no-cache runs every step again', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'FROM localhost/busybox\nRUN cat /proc/sys/kernel/random/uuid | tee /uuid\n');
      const uuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/m.exec(text)?.[0];
      const first = uuid((await store.ok(['bud', '-t', 'app', context])).stdout);
      assert.is(uuid((await store.ok(['bud', '-t', 'app', context])).stdout), undefined);
      const third = await store.ok(['bud', '--no-cache', '-t', 'app', context]);
      assert.not.match(third.stdout, /Using cache/);
      assert.is.not(uuid(third.stdout), first);
      const image = layoutOf(store).image('localhost/app:latest');
      assert.is(layoutOf(store).read(image, 'uuid').toString().trim(), uuid(third.stdout));
    });
  });

  test('--no-layers makes one layer of a stage', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['bud', '-q', '-t', 'layers', hello]);
      await store.ok(['bud', '-q', '--no-layers', '-t', 'flat', hello]);
      const layout = layoutOf(store);
      const image = layout.image('localhost/flat:latest');
      // The base's and its own.
      assert.is(image.manifest.layers.length, 2);
      const own = layout.list(image.manifest.layers[1]!);
      for (const path of ['etc/passwd', 'usr/bin/greet', 'usr/share/hello/message.txt']) assert.ok(own.has(path), path);
      await store.ok(['from', '--name', 'c', 'flat']);
      assert.match((await store.ok(['run', 'c'])).stdout, /^Hello from tsbuild\n/);
      assert.equal(image.config.config, layout.image('localhost/layers:latest').config.config);
      assert.equal(await layout.problems(), []);
    });
  });

  test('--format docker has the media types of Docker and gzip', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['bud', '-q', '--format', 'docker', '-t', 'hello', hello]);
      const layout = layoutOf(store);
      const { manifest } = layout.image('localhost/hello:latest');
      assert.is(manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
      assert.is(manifest.config.mediaType, 'application/vnd.docker.container.image.v1+json');
      assert.equal([...new Set(manifest.layers.map((layer) => layer.mediaType))], ['application/vnd.docker.image.rootfs.diff.tar.gzip']);
      assert.equal(await layout.problems(), []);
      await store.ok(['from', '--name', 'c', 'hello']);
      assert.match((await store.ok(['run', 'c'])).stdout, /^Hello from tsbuild\n/);
    });
  });

  test('-f takes a file of any place or standard input, -t several names', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const file = join(store.directory, 'Other.containerfile');
      copyFileSync(join(hello, 'Containerfile'), file);
      const { stdout } = await store.ok(['bud', '-f', file, '-t', 'one', '-t', 'example.com/two:2', hello]);
      assert.match(
        stdout,
        /COMMIT one\n--> [0-9a-f]{12}\nSuccessfully tagged localhost\/one:latest\nSuccessfully tagged example\.com\/two:2\n/,
      );
      const layout = layoutOf(store);
      assert.is(layout.image('localhost/one:latest').id, layout.image('example.com/two:2').id);
      const piped = await store.ok(['bud', '-q', '-f', '-', '-t', 'three', hello], { stdin: readFileSync(file) });
      assert.is(piped.stdout.trim(), layout.image('localhost/one:latest').id);
    });
  });

  for (const [subject, outer] of [
    ['with one id', () => ['unshare', '--user', '--map-root-user']],
    ['with the ids of builds', (store: TestStore) => store.argv(['unshare'])],
  ] as const) {
    test(`bud and run inside another user namespace, ${subject}`, async () => {
      await withTestStore(async (store) => {
        const wrap = (args: readonly string[]) => [...outer(store), ...store.argv(args)];
        if ((await run([...outer(store), 'true'])).status !== 0) skip('user namespaces cannot be made here');
        const context = join(store.directory, 'base');
        mkdirSync(context);
        copyFileSync(join(containerfiles, 'busybox/Containerfile'), join(context, 'Containerfile'));
        copyFileSync(join(fixtures, 'busybox.tar.zst'), join(context, 'rootfs.tar.zst'));
        await runOk(wrap(['bud', '-q', '-t', 'busybox', context]));
        await runOk(wrap(['bud', '-q', '-t', 'hello', hello]));
        await runOk(wrap(['from', 'hello']));
        assert.match((await runOk(wrap(['run', 'hello-working-container']))).stdout, /^Hello from tsbuild\nrunning as uid (0|1000) in /);
        const layout = layoutOf(store);
        assert.equal(await layout.problems(), []);
        await runOk(wrap(['rm', 'hello-working-container']));
      });
    });
  }
});
