import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withPeers } from '../support/peers.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, containerfiles, idModeOf, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const NAME = 'localhost/hello:latest';

async function withHello(body: (store: TestStore) => Promise<void>, ...flags: readonly string[]): Promise<void> {
  await withTestStore(async (store) => {
    await addBusybox(store);
    await store.ok(['bud', '-q', '-t', 'hello', ...flags, join(containerfiles, 'hello/context')]);
    await body(store);
  });
}

function printed(uid: number): string {
  return `Hello from tsbuild\nrunning as uid ${uid} in /usr/share/hello\n`;
}

suite('integration/real-readers', (test) => {
  test('skopeo inspects the store in place', async () => {
    await withHello((store) =>
      withPeers(store.directory, async (peers) => {
        const image = new Layout(store.root).image(NAME);
        const shown = JSON.parse((await peers.skopeo('inspect', `oci:${store.root}:${NAME}`)).stdout);
        assert.equal(
          shown.Layers,
          image.manifest.layers.map((layer) => layer.digest),
        );
        assert.equal(shown.Env, ['PATH=/bin', 'MESSAGE=/usr/share/hello/message.txt']);
        assert.is(shown.Os, 'linux');
        const config = JSON.parse((await peers.skopeo('inspect', '--config', `oci:${store.root}:${NAME}`)).stdout);
        assert.equal(config.config.Entrypoint, ['/usr/bin/greet']);
        assert.is(config.config.User, 'hello');
      }),
    );
  });

  test('skopeo copies zstd layers out of the store to dir: and to another layout, unchanged', async () => {
    await withHello((store) =>
      withPeers(store.directory, async (peers) => {
        const source = `oci:${store.root}:${NAME}`;
        const { manifest } = new Layout(store.root).image(NAME);
        for (const layer of manifest.layers) assert.match(layer.mediaType, /\+zstd$/);
        const directory = join(store.directory, 'dir');
        await peers.skopeo('copy', '-q', source, `dir:${directory}`);
        for (const blob of [manifest.config, ...manifest.layers])
          assert.ok(existsSync(join(directory, blob.digest.replace('sha256:', ''))));
        await peers.skopeo('copy', '-q', source, `oci:${join(store.directory, 'copy')}:hello`);
        assert.equal(new Layout(join(store.directory, 'copy')).image('hello').manifest, manifest);
      }),
    );
  });

  test('skopeo makes a docker-archive of an image in the format of Docker', async () => {
    await withHello(
      (store) =>
        withPeers(store.directory, async (peers) => {
          const file = join(store.directory, 'hello.tar');
          const { config, manifest } = new Layout(store.root).image(NAME);
          // Skopeo 1.9 finds only OCI manifests in a layout; dir: takes every kind.
          const directory = `dir:${join(store.directory, 'dir')}`;
          await store.ok(['push', '-q', 'hello', directory]);
          assert.equal(JSON.parse((await peers.skopeo('inspect', '--raw', directory)).stdout), manifest);
          await peers.skopeo('copy', '-q', directory, `docker-archive:${file}:example.com/hello:1`);
          const [entry] = JSON.parse((await runOk(['tar', '-xOf', file, 'manifest.json'])).stdout);
          assert.equal(entry.RepoTags, ['example.com/hello:1']);
          assert.equal(
            entry.Layers,
            config.rootfs.diff_ids.map((id) => `${id.replace('sha256:', '')}.tar`),
          );
        }),
      '--format',
      'docker',
    );
  });

  test('push makes gzip of zstd layers when asked, with the same diff IDs', async () => {
    await withHello((store) =>
      withPeers(store.directory, async (peers) => {
        const copy = join(store.directory, 'copy');
        await store.ok(['push', '-q', '--compression-format', 'gzip', '--force-compression', 'hello', `oci:${copy}:hello`]);
        const image = new Layout(copy).image('hello');
        for (const layer of image.manifest.layers) assert.match(layer.mediaType, /\+gzip$/);
        assert.is(image.id, new Layout(store.root).image(NAME).id);
        assert.equal(await new Layout(copy).problems(), []);
        const isRoot = (await idModeOf(store)) === 'root';
        assert.is(await peers.runBundle(`${copy}:hello`), printed(isRoot ? 1000 : 0));
      }),
    );
  });

  for (const [transport, suffix] of [
    ['oci-archive', ':hello'],
    ['docker-archive', ':example.com/hello:1'],
    ['dir', ''],
  ] as const) {
    test(`skopeo reads what push writes to ${transport}:, and tsbuild pulls what skopeo writes there`, async () => {
      await withHello((store) =>
        withPeers(store.directory, async (peers) => {
          const layout = new Layout(store.root);
          const { id, config } = layout.image(NAME);
          const ours = `${transport}:${join(store.directory, 'ours')}${suffix}`;
          await store.ok(['push', '-q', 'hello', ours]);
          const seen = JSON.parse((await peers.skopeo('inspect', '--config', ours)).stdout);
          assert.equal(seen.rootfs, config.rootfs);
          assert.is(JSON.parse((await peers.skopeo('inspect', ours)).stdout).Layers.length, config.rootfs.diff_ids.length);
          // From what skopeo wrote, into a store that never had the image.
          const gzip = `oci:${join(store.directory, 'gzip')}:hello`;
          await store.ok(['push', '-q', '--compression-format', 'gzip', '--force-compression', 'hello', gzip]);
          const theirs = `${transport}:${join(store.directory, 'theirs')}${suffix}`;
          await peers.skopeo('copy', '-q', gzip, theirs);
          await store.ok(['rmi', 'hello']);
          const pulled = (await store.ok(['pull', '-q', theirs])).stdout.trim();
          assert.is(pulled, id);
          const other = (await store.ok(['from', '--name', 'c', pulled])).stdout;
          assert.is(other, 'c\n');
          assert.match((await store.ok(['run', 'c'])).stdout, /^Hello from tsbuild\n/);
        }),
      );
    });
  }

  test("Debian's Buildah makes a container of the store's image and runs it", async () => {
    await withHello(async (store) => {
      if ((await idModeOf(store)) === 'single') skip("Debian's Buildah runs nothing for a user without subordinate ids");
      await withPeers(store.directory, async (peers) => {
        const command = ['/usr/bin/greet', '/usr/share/hello/message.txt'];
        assert.is(await peers.buildahRun(store.root, NAME, command), printed(1000));
      });
    });
  });

  test("Debian's podman runs the store's image", async () => {
    await withHello(async (store) => {
      if ((await idModeOf(store)) !== 'root') skip("an ordinary user's podman 4.3 needs cgroup2 and /dev/net/tun");
      await withPeers(store.directory, async (peers) => {
        assert.is(await peers.podmanRun(store.root, NAME), printed(1000));
      });
    });
  });

  test('an image in the format of Docker that skopeo wrote is pulled and built on', async () => {
    await withHello(async (store) => {
      const context = join(store.directory, 'context');
      mkdirSync(context);
      await withPeers(store.directory, async (peers) => {
        const gzip = `oci:${join(store.directory, 'gzip')}:hello`;
        await store.ok(['push', '-q', '--compression-format', 'gzip', '--force-compression', 'hello', gzip]);
        await peers.skopeo('copy', '-q', '--format', 'v2s2', gzip, `dir:${join(store.directory, 'docker')}`);
        const id = (await store.ok(['pull', '-q', `dir:${join(store.directory, 'docker')}`])).stdout.trim();
        await store.ok(['tag', id, 'docker-hello']);
        writeFileSync(
          join(context, 'Containerfile'),
          'FROM localhost/docker-hello\nUSER 0\nRUN cat /usr/share/hello/message.txt > /again\n',
        );
        await store.ok(['bud', '-q', '-t', 'again', context]);
        const layout = new Layout(store.root);
        assert.is(layout.read(layout.image('localhost/again:latest'), 'again').toString(), 'Hello from tsbuild\n');
        // skopeo's own configuration lacks fields that Docker itself writes.
        const own = (await layout.problems()).filter((problem) => !problem.includes(`config sha256:${id}`));
        assert.equal(own, []);
      });
    });
  });

  test('a layout with several images stays one that skopeo and umoci read', async () => {
    await withHello((store) =>
      withPeers(store.directory, async (peers) => {
        const target = join(store.directory, 'many');
        for (const name of ['one', 'two']) {
          await store.ok(['tag', 'hello', name]);
          await store.ok(['push', '-q', name, `oci:${target}:${name}`]);
        }
        await store.ok(['push', '-q', 'busybox', `oci:${target}:base`]);
        assert.equal(readdirSync(target).sort(), ['blobs', 'index.json', 'oci-layout']);
        const listed = (await runOk(['umoci', 'list', '--layout', target])).stdout.trim().split('\n').sort();
        assert.equal(listed, ['base', 'one', 'two']);
        for (const name of listed) await peers.skopeo('inspect', `oci:${target}:${name}`);
        assert.is(JSON.parse(readFileSync(join(target, 'index.json'), 'utf8')).manifests.length, 3);
        assert.equal(await new Layout(target).problems(), []);
      }),
    );
  });
});
