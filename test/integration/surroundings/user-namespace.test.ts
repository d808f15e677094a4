import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lastLayerListing } from '../../support/image-layers.js';
import { contextOf, isOfWork, nameOf, onlyLayerListing, ownersOf, sorted, WORK } from '../../support/owners-of-layers.js';
import { withPeers } from '../../support/peers.js';
import { inPlaceFor } from '../../support/runtimes.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, idModeOf, run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

const MAPS = ['--userns-uid-map', '0:300000:1000', '--userns-gid-map', '0:400000:900'];

async function needRoot(store: TestStore): Promise<void> {
  const mode = await idModeOf(store);
  if (mode !== 'root') skip('owners are shifted by mounts for root only');
}

suite('--userns, --userns-uid-map, --userns-gid-map', (test) => {
  test('commands have the ids, and layers those of the container', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const context = contextOf(store, [...WORK, 'RUN cat /proc/self/uid_map /proc/self/gid_map']);
      const build = async (name: string, ...flags: string[]): Promise<string> =>
        (
          await store.ok([
            'bud',
            '--no-cache',
            '--layers=false',
            '--disable-compression=false',
            '--format',
            'docker',
            ...flags,
            '-t',
            name,
            context,
          ])
        ).stdout;
      const shown = await build('shifted', ...MAPS);
      assert.match(shown, /^ +0 +300000 +1000\n +0 +400000 +900$/m);
      assert.match(shown, /^11:12 \/copied\n5:6 \/d$/m);
      assert.match(shown, /^33\n44$/m);
      const listing = ownersOf(await lastLayerListing(store, 'shifted'));
      assert.equal(
        listing.filter((line) => !line.includes('/etc/')),
        [
          'drwxr-xr-x 0/0 bin/',
          '-rw------- 0/0 bin/.wh.yes',
          '-rwsr-sr-x 13/14 copied',
          'drwxr-xr-x 5/6 d/',
          '-rw-r--r-- 0/0 d/own',
          'drwxr-xr-x 0/0 h/',
          '-rw------- 0/0 .wh.home',
          'lrwxrwxrwx 9/10 l -> x',
          'prw-r--r-- 7/8 p',
          'drwxrwxrwt 0/0 tmp/',
          '-rw-r--r-- 33/44 tmp/mine',
        ].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en')),
      );
      await build('plain');
      assert.equal(ownersOf(await lastLayerListing(store, 'plain')), listing);
    }));

  // Buildah 1.28 leaves the outer ids in the layer; an image must not tell which they were.
  test('the layer is the one that Buildah makes, but for the shift, which is taken off', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM scratch', 'ADD rootfs.tar /', ...WORK.slice(1)]);
      await runOk(['zstd', '-dqo', join(context, 'rootfs.tar'), join(store.directory, 'busybox/rootfs.tar.zst')]);
      await store.ok(['bud', '--layers=false', '--format', 'docker', ...MAPS, '-t', 'ours', context]);
      // Its runtime goes to its root file system with the ids of the container.
      chmodSync(store.directory, 0o711);
      await withPeers(store.directory, async (peers) => {
        const theirs = join(store.directory, 'theirs');
        const { status, stderr } = await peers.buildahTry(context, [...MAPS, '--layers=false'], `oci:${theirs}:x`);
        assert.is(status, 0, stderr);
        const wanted = ownersOf(await lastLayerListing(store, 'ours')).filter(isOfWork);
        assert.ok(wanted.length >= 7);
        const found = ownersOf(await onlyLayerListing(theirs)).map(withoutShift);
        assert.equal(sorted(wanted), sorted(found.filter(isOfWork)));
      });
    }));

  test('what is mounted for a command has the owners it has without', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const context = contextOf(store, [
        'FROM busybox AS other',
        'RUN touch /from-other && chown 3:4 /from-other',
        'FROM busybox',
        'RUN --mount=type=bind,target=/context --mount=type=bind,from=other,source=/,target=/other --mount=type=bind,from=other,source=/,target=/rw,rw ' +
          '--mount=type=cache,target=/cache,uid=5,gid=6 --mount=type=secret,id=s,uid=7,gid=8 --mount=type=tmpfs,target=/scratch ' +
          'stat -c "%u:%g %n" /context/file /other/from-other /rw/from-other /cache /cache/* /run/secrets/s /scratch; ' +
          'cat /context/file /run/secrets/s && touch /cache/made /scratch/made /rw/made && chown 9:10 /rw/made /cache/made && stat -c "%u:%g %n" /rw/made',
      ]);
      const build = async (...flags: string[]): Promise<string> => {
        const { stdout } = await store.ok(['bud', '--no-cache', '--secret', `id=s,src=${join(context, 'file')}`, ...flags, context]);
        return /^0:0 \/context[\s\S]*\/rw\/made$/m.exec(stdout)?.[0] ?? stdout;
      };
      const shifted = await build(...MAPS);
      const owners = [
        '0:0 /context/file',
        '3:4 /other/from-other',
        '3:4 /rw/from-other',
        '5:6 /cache',
        '7:8 /run/secrets/s',
        '0:0 /scratch',
      ];
      assert.equal(
        shifted.split('\n').filter((line) => owners.includes(line)),
        owners,
      );
      assert.match(shifted, '9:10 /rw/made');
      // A cache is filled by both.
      assert.match(await build(), '9:10 /cache/made');
      assert.match(await build(...MAPS), '9:10 /cache/made');
    }));

  test('a directory of the machine keeps its owners, which are nobody to commands', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM busybox', 'RUN stat -c "%u:%g %n" /v /u; touch /v/made; touch /u/made && echo made']);
      for (const name of ['v', 'u']) mkdirSync(join(store.directory, name), { mode: 0o755 });
      const volumes = ['-v', `${join(store.directory, 'v')}:/v`, '-v', `${join(store.directory, 'u')}:/u:U`];
      const { stdout, stderr } = await store.ok(['bud', ...MAPS, ...volumes, context]);
      assert.match(stdout, '65534:65534 /v\n0:0 /u\n');
      assert.match(stderr, 'touch: /v/made: Permission denied');
      assert.match(stdout, /^made$/m);
      const { stdout: outside } = await run(['stat', '-c', '%u:%g', join(store.directory, 'u/made')]);
      assert.is(outside, '300000:400000\n');
    }));

  test('a working container keeps its ids', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', ...MAPS, 'busybox']);
      const file = join(contextOf(store, []), 'file');
      await store.ok(['copy', '--chown', '3:4', 'c', file, '/copied']);
      const command = 'stat -c %u:%g /copied; touch /made; rm /bin/yes; cut -c1-40 /proc/self/uid_map';
      assert.match((await store.ok(['run', 'c', 'sh', '-c', command])).stdout, /^3:4\n +0 +300000 +1000\n$/);
      const mountPoint = (await store.ok(['mount', 'c'])).stdout.trim();
      try {
        const owners = async (): Promise<string> =>
          (await runOk(['stat', '-c', '%u:%g', ...['', '/made', '/copied'].map((name) => mountPoint + name)])).stdout;
        assert.is(await owners(), '300000:400000\n300000:400000\n300003:400004\n');
        // A command goes through the mount.
        await store.ok(['run', '--user', '5:6', 'c', 'sh', '-c', 'touch /tmp/again']);
        assert.is((await runOk(['stat', '-c', '%u:%g', `${mountPoint}/tmp/again`])).stdout, '300005:400006\n');
        const refused = await store.tsbuild(['copy', 'c', file, '/another']);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, 'is mounted with the ids of its commands');
      } finally {
        await store.ok(['umount', 'c']);
      }
      const { stdout } = await store.ok(['inspect', '--type', 'container', 'c']);
      const { UIDMap, GIDMap, HostUIDMapping } = (JSON.parse(stdout) as { IDMappingOptions: Record<string, unknown> }).IDMappingOptions;
      assert.equal(
        [UIDMap, GIDMap, HostUIDMapping],
        [[{ container_id: 0, host_id: 300000, size: 1000 }], [{ container_id: 0, host_id: 400000, size: 900 }], false],
      );
      await store.ok(['commit', '-q', '--format', 'docker', 'c', 'done']);
      const listing = ownersOf(await lastLayerListing(store, 'done'));
      for (const line of ['-rw------- 3/4 copied', '-rw-r--r-- 0/0 made', '-rw-r--r-- 5/6 tmp/again'])
        assert.ok(listing.includes(line), line);
    }));

  test('a command on a mounted container ends with a builder that is killed', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', ...MAPS, 'busybox']);
      await store.ok(['mount', 'c']);
      try {
        const [program, ...args] = store.argv(['run', 'c', 'sh', '-c', `echo up; sleep 20; : ${store.directory}`]);
        const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
        const ended = new Promise((resolve) => child.on('exit', resolve));
        // The command holds the pipe as long as it lives; it may be gone before the builder is seen to be.
        let isOpen = true;
        child.stdout.on('close', () => (isOpen = false));
        await new Promise((resolve) => child.stdout.once('data', resolve));
        child.kill('SIGKILL');
        await ended;
        for (let round = 0; isOpen && round < 100; round++) await new Promise((resolve) => setTimeout(resolve, 50));
        assert.not.ok(isOpen, 'the command goes on');
      } finally {
        await store.ok(['umount', 'c']);
      }
    }));

  test('auto takes ids that nobody has', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const none = await store.tsbuild(['from', '--userns', 'auto:size=4000000000', 'busybox']);
      assert.is(none.status, 125);
      assert.match(none.stderr, 'cannot find ids for --userns=auto');
      const given = join(store.directory, 'subids');
      writeFileSync(given, 'containers:500000:150000\n');
      // As if the administrator had given them.
      const script = 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"';
      const withIds = (...args: string[]) =>
        runOk(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, given, ...store.argv(args)]);
      for (const name of ['a', 'b']) await withIds('from', '--name', name, '--userns', 'auto', 'busybox');
      const mapOf = async (name: string): Promise<string> => (await store.ok(['run', name, 'cat', '/proc/self/uid_map'])).stdout.trim();
      assert.match(await mapOf('a'), /^0 +500000 +65536$/);
      assert.match(await mapOf('b'), /^0 +565536 +65536$/);
      const context = contextOf(store, ['FROM busybox', 'RUN cat /proc/self/uid_map']);
      assert.match((await withIds('bud', '--userns', 'auto:size=5000', context)).stdout, /^ +0 +631072 +5000$/m);
      await store.ok(['rm', 'a']);
      // Another range of the same size: what the command saw of its ids is the same.
      assert.match((await withIds('bud', '--userns', 'auto:size=5000', context)).stdout, 'Using cache');
    }));

  test('--userns container: capabilities are worth nothing outside, and owners are the same', () =>
    withTestStore(async (store) => {
      await needRoot(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM busybox', 'RUN readlink /proc/self/ns/user && touch /x && chown 70000:70000 /x']);
      const { stdout } = await store.ok(['bud', '--userns', 'container', '--format', 'docker', '-t', 'own', context]);
      const { stdout: outer } = await runOk(['readlink', '/proc/self/ns/user']);
      assert.match(stdout, /^user:\[\d+\]$/m);
      assert.not.match(stdout, outer.trim());
      assert.ok(ownersOf(await lastLayerListing(store, 'own')).includes('-rw-r--r-- 70000/70000 x'));
    }));

  for (const runtime of ['runc', 'crun'])
    test(`${runtime} gives commands these ids too, and the layer is the same`, () =>
      withTestStore(async (store) => {
        const mode = await idModeOf(store);
        if (mode === 'single') skip('there is one id only');
        await addBusybox(store);
        const inRuntime = await inPlaceFor(runtime, store);
        // Who else has ids than the one who made the run root gets to the root file system all the same.
        chmodSync(join(store.directory, 'run'), 0o700);
        const context = contextOf(store, [
          'FROM busybox',
          'RUN --mount=type=bind,target=/context --mount=type=cache,target=/cache --mount=type=secret,id=s,uid=7,gid=8 ' +
            'stat -c "%u:%g %n" /context/file /cache /run/secrets/s && cat /run/secrets/s && echo && touch /cache/made && ' +
            'mkdir /d && chown 5:6 /d && touch /d/own && rm /bin/yes && cat /proc/self/uid_map /proc/self/gid_map',
          'RUN stat -c "%u:%g %n" /d / && cat /proc/self/uid_map',
        ]);
        const [uids, gids] = mode === 'root' ? [300000, 400000] : [1, 2000];
        const maps = ['--userns-uid-map', `0:${uids}:1000`, '--userns-gid-map', `0:${gids}:900`];
        const by = ['--isolation', 'oci', '--runtime', runtime, '--network', 'host', ...maps];
        const build = async (name: string, ...flags: string[]): Promise<string> => {
          const secret = ['--secret', `id=s,src=${join(context, 'file')}`];
          const argv = ['bud', '--no-cache', '--layers=false', '--disable-compression=false', '--format', 'docker', ...secret];
          return (await runOk(inRuntime(store.argv([...argv, ...flags, '-t', name, context])))).stdout;
        };
        const shown = await build('by-runtime', ...by);
        assert.match(shown, '0:0 /context/file\n0:0 /cache\n7:8 /run/secrets/s\nof the context');
        assert.match(shown, new RegExp(`^ +0 +${uids} +1000\n +0 +${gids} +900$`, 'm'));
        assert.match(shown, '5:6 /d\n0:0 /\n');
        await build('plain');
        const listing = ownersOf(await lastLayerListing(store, 'by-runtime'));
        assert.ok(listing.includes('drwxr-xr-x 5/6 d/') && listing.includes('-rw------- 0/0 bin/.wh.yes'), listing.join('\n'));
        assert.equal(listing, ownersOf(await lastLayerListing(store, 'plain')));
        await store.ok(['from', '--name', 'c', ...maps, 'busybox']);
        const command = ['run', '--isolation', 'oci', '--runtime', runtime, '--network', 'host', 'c', 'sh', '-c'];
        const ran = await runOk(inRuntime(store.argv([...command, 'touch /made && chown 3:4 /made && cut -c1-40 /proc/self/uid_map'])));
        assert.match(ran.stdout, new RegExp(`^ +0 +${uids} +1000\n$`));
        await store.ok(['commit', '-q', '--format', 'docker', 'c', 'done']);
        assert.ok(ownersOf(await lastLayerListing(store, 'done')).includes('-rw-r--r-- 3/4 made'));
      }));

  test('--userns ns:PATH is refused, and why', () =>
    withTestStore(async (store) => {
      const context = contextOf(store, ['FROM scratch']);
      for (const userns of ['ns:/proc/self/ns/user', '/proc/self/ns/user']) {
        const refused = await store.tsbuild(['bud', '--userns', userns, context]);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, 'does not join the user namespace of other processes');
        assert.match(refused.stderr, '--userns-uid-map');
      }
    }));

  test('a user with one id is told so', () =>
    withTestStore(async (store) => {
      if ((await idModeOf(store)) !== 'single') skip('there are several ids');
      const context = contextOf(store, ['FROM scratch']);
      const refused = await store.tsbuild(['bud', '--userns-uid-map', '0:0:1000', context]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, 'there is one id only here');
      await store.ok(['bud', '--userns-uid-map', '0:0:1', context]);
    }));
});

function withoutShift(line: string): string {
  return line.replace(/ 3(\d{5})\/4(\d{5}) /, (_, uid: string, gid: string) => ` ${Number(uid)}/${Number(gid)} `);
}
