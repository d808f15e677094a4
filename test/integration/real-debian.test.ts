import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withDockerRegistry } from '../support/docker-registry.js';
import { withPeers } from '../support/peers.js';
import { skip, suite } from '../support/suite.js';
import { addDebian, containerfiles, idModeOf, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const HOST_FILES = ['etc/resolv.conf', 'etc/hosts', 'etc/hostname'];

/** Ends the test as skipped where the mirror of the image's own sources cannot be reached. */
async function demandMirror(layout: Layout, name: string): Promise<void> {
  const sources = layout.read(layout.image(name), 'etc/apt/sources.list').toString();
  const uri = /^deb (?:\[.*?\] )?(\S+)/m.exec(sources)?.[1];
  assert.ok(uri, sources);
  try {
    await fetch(uri, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    skip(`the image's Debian mirror cannot be reached: ${(error as Error).message}`);
  }
}

suite('integration/real-debian', (test) => {
  test('a Debian root file system goes to a registry, comes back and is built on by its name there', async () => {
    await withTestStore((store) =>
      withDockerRegistry({}, async ({ host }) => {
        await addDebian(store);
        const layout = new Layout(store.root);
        const { id, manifest } = layout.image('localhost/debian12:latest');
        assert.is(manifest.layers.length, 1);
        assert.equal(layout.list(manifest.layers[0]!).get('etc/shadow'), { mode: '-rw-r-----', owner: '0/42' });
        assert.equal(await layout.problems(), []);

        const name = `${host}/library/debian:12`;
        const digestFile = join(store.directory, 'digest');
        await store.ok(['push', '-q', '--tls-verify=false', '--digestfile', digestFile, 'debian12', `docker://${name}`]);
        await withPeers(store.directory, async (peers) => {
          const seen = JSON.parse((await peers.skopeo('inspect', '--tls-verify=false', `docker://${name}`)).stdout);
          assert.equal(
            seen.Layers,
            manifest.layers.map((layer) => layer.digest),
          );
        });

        await store.ok(['rmi', 'debian12']);
        assert.not.match((await store.ok(['images'])).stdout, /debian/);
        assert.is((await store.ok(['pull', '-q', '--tls-verify=false', name])).stdout, `${id}\n`);
        assert.equal(layout.image(name).manifest, manifest);

        // Into a store that never had it, the plain HTTP said by registries.conf, the base pulled by FROM.
        await withTestStore(async (other) => {
          const conf = join(other.directory, 'registries.conf');
          writeFileSync(conf, `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
          const context = join(other.directory, 'context');
          mkdirSync(context);
          writeFileSync(
            join(context, 'Containerfile'),
            `FROM ${name}\nRUN cat /etc/debian_version > /version && stat -c '%u:%g %a' /etc/shadow\n`,
          );
          const { stdout } = await other.ok(['--registries-conf', conf, 'bud', '-t', 'built', context]);
          assert.match(stdout, /\n0:42 640\n/);
          const built = new Layout(other.root);
          assert.match(built.read(built.image('localhost/built:latest'), 'version').toString(), /^12\./);
          assert.equal(built.image('localhost/built:latest').manifest.layers[0], manifest.layers[0]);
          assert.equal(await built.problems(), []);
        });
      }),
    );
  });

  test('apt-get update and install in a RUN, then other tools run what was installed', async () => {
    await withTestStore(async (store) => {
      await addDebian(store);
      const layout = new Layout(store.root);
      await demandMirror(layout, 'localhost/debian12:latest');
      await store.ok(['bud', '-t', 'curl', join(containerfiles, 'debian-curl')]);
      const image = layout.image('localhost/curl:latest');
      const [, ...own] = image.manifest.layers;
      assert.is(own.length, 2);
      assert.match(layout.read(image, 'curl-version').toString(), /^curl 7\.88\.1 /);
      assert.is(layout.read(image, 'shadow-owner').toString(), '0:42 640\n');
      for (const layer of own) {
        const entries = layout.list(layer);
        for (const path of HOST_FILES) assert.not.ok(entries.has(path), path);
        // Nothing of the sandbox's own mounts either.
        assert.not.ok([...entries.keys()].some((path) => /^(proc|sys|dev)\/./.test(path)));
      }
      const installed = layout.list(own[0]!);
      assert.equal(installed.get('usr/bin/curl'), { mode: '-rwxr-xr-x', owner: '0/0' });
      assert.not.ok([...installed.keys()].some((path) => /^var\/lib\/apt\/lists\/.*Packages/.test(path)));
      assert.equal(await layout.problems(), []);

      await store.ok(['from', '--name', 'c', 'curl']);
      assert.match((await store.ok(['run', 'c'])).stdout, /^curl 7\.88\.1 /);
      await withPeers(store.directory, async (peers) => {
        const gzip = join(store.directory, 'gzip');
        await store.ok([
          ...['push', '-q', '--compression-format', 'gzip', '--compression-level', '1', '--force-compression'],
          ...['curl', `oci:${gzip}:curl`],
        ]);
        assert.equal(await new Layout(gzip).problems(), []);
        await peers.skopeo('copy', '-q', `oci:${gzip}:curl`, `docker-archive:${join(store.directory, 'curl.tar')}:curl:1`);
        await peers.skopeo('copy', '-q', `oci:${store.root}:localhost/curl:latest`, `dir:${join(store.directory, 'dir')}`);
        assert.match(await peers.runBundle(`${gzip}:curl`), /^curl 7\.88\.1 /);
        if ((await idModeOf(store)) === 'single') return;
        const shown = await peers.buildahRun(store.root, 'localhost/curl:latest', [
          'sh',
          '-c',
          'curl --version; stat -c %u:%g /etc/shadow',
        ]);
        assert.match(shown, /^curl 7\.88\.1 /);
        assert.match(shown, /\n0:42\n$/);
      });
    });
  });

  test('packages with services and users have the owners and modes they ask for, whoever builds', async () => {
    await withTestStore(async (store) => {
      await addDebian(store);
      const layout = new Layout(store.root);
      await demandMirror(layout, 'localhost/debian12:latest');
      const context = join(store.directory, 'services');
      mkdirSync(context);
      const lines = [
        'FROM localhost/debian12',
        'ENV DEBIAN_FRONTEND=noninteractive',
        'RUN apt-get update && apt-get install -y --no-install-recommends adduser cron dbus man-db openssh-client sudo && rm -rf /var/lib/apt/lists/*',
        'RUN adduser --system --group --home /srv/one one && useradd -m -u 2000 two && install -D -o two -g one -m 4710 /bin/true /srv/one/true',
        `RUN su two -s /bin/sh -c 'id -un; umask 077; mkdir -p ~/a/b; echo x > ~/a/b/f' && tar cf /t.tar -C /home two && mkdir /copy && tar xf /t.tar -C /copy && rm /t.tar`,
        'USER two',
        'RUN id -u && touch /tmp/mine && ! chown root /tmp/mine && ! chown two /etc/passwd',
      ];
      writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
      const { stdout } = await store.ok(['bud', '-t', 'services', context]);
      assert.match(stdout, /^two\n/m);
      assert.match(stdout, /^2000\n/m);

      const image = layout.image('localhost/services:latest');
      const id = (file: string, name: string): string => {
        const found = new RegExp(`^${name}:[^:]*:(\\d+)`, 'm').exec(layout.read(image, file).toString())?.[1];
        assert.ok(found, `${file} has ${name}`);
        return found!;
      };
      const group = (name: string): string => id('etc/group', name);
      const [, installed, users, files, mine] = image.manifest.layers.map((layer) => layout.list(layer));
      // What dpkg-statoverride, adduser and the maintainers' scripts of these packages ask for.
      const expected: readonly (readonly [layer: typeof installed, path: string, mode: string, owner: string])[] = [
        [installed, 'usr/bin/crontab', '-rwxr-sr-x', `0/${group('crontab')}`],
        [installed, 'usr/bin/ssh-agent', '-rwxr-sr-x', `0/${group('_ssh')}`],
        [installed, 'usr/bin/sudo', '-rwsr-xr-x', '0/0'],
        [installed, 'usr/lib/dbus-1.0/dbus-daemon-launch-helper', '-rwsr-xr--', `0/${group('messagebus')}`],
        [installed, 'var/cache/man/', 'drwxr-xr-x', '6/12'],
        [installed, 'var/cache/man/index.db', '-rw-r--r--', '6/12'],
        [installed, 'var/spool/cron/crontabs/', 'drwx-wx--T', `0/${group('crontab')}`],
        [users, 'srv/one/', 'drwxr-xr-x', `${id('etc/passwd', 'one')}/${group('one')}`],
        [users, 'srv/one/true', '-rws--x---', `2000/${group('one')}`],
        [users, 'home/two/.profile', '-rw-r--r--', '2000/2000'],
        [users, 'etc/shadow', '-rw-r-----', '0/42'],
        [files, 'home/two/a/b/f', '-rw-------', '2000/2000'],
        [files, 'copy/two/a/b/', 'drwx------', '2000/2000'],
        [mine, 'tmp/mine', '-rw-r--r--', '2000/2000'],
      ];
      for (const [layer, path, mode, owner] of expected) assert.equal(layer?.get(path), { mode, owner }, path);
    });
  });
});
