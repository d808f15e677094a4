import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { lastLayerListing } from '../../support/image-layers.js';
import { contextOf, isOfWork, onlyLayerListing, ownersOf, sorted, WORK } from '../../support/owners-of-layers.js';
import { withPeers } from '../../support/peers.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, idModeOf, run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

async function needSubordinateIds(store: TestStore): Promise<void> {
  if ((await idModeOf(store)) !== 'mapped') skip('needs subordinate ids');
}

/** Of all layers but the last. */
async function lowerDiffIdsOf(store: TestStore, name: string): Promise<string[]> {
  const { stdout } = await store.ok(['inspect', '--type', 'image', name]);
  const { OCIv1 } = JSON.parse(stdout) as { OCIv1: { rootfs: { diff_ids: string[] } } };
  return OCIv1.rootfs.diff_ids.slice(0, -1);
}

suite('--userns, --userns-uid-map, --userns-gid-map without root', (test) => {
  test('a user with subordinate ids can have fewer, cut where the ranges end', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM busybox', 'RUN cat /proc/self/uid_map && touch /x && chown 5:6 /x && ! chown 1000:0 /x']);
      const { stdout } = await store.ok(['bud', '--userns-uid-map', '0:0:1000', '--format', 'docker', '-t', 'few', context]);
      // The user's own id is a range of its own.
      assert.match(stdout, /^ +0 +0 +1\n +1 +1 +999$/m);
      assert.ok(ownersOf(await lastLayerListing(store, 'few')).includes('-rw-r--r-- 5/6 x'));
      const beyond = await store.tsbuild(['bud', '--userns-uid-map', '0:0:4000000', context]);
      assert.match(beyond.stderr, /the id \d+ is not among those that tsbuild has/);
      contextOf(store, ['FROM busybox', 'RUN chown 2000:2000 /tmp']);
      for (const userns of ['auto', 'container', 'private']) await store.ok(['bud', '--userns', userns, context]);
    }));

  test('a user with subordinate ids can have others: layers hold those of the container', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      const context = contextOf(store, [
        ...WORK.slice(0, 3),
        // A directory in place of another hides what that held; a file of two names has one owner.
        'RUN rm -r /d && mkdir /d && touch /d/new && ln /d/new /d/other && chown 20:21 /d/other && ls /d',
        'RUN stat -c "%u:%g %n" /copied /d/new && chown 13:14 /copied && chmod 6755 /copied',
        'RUN stat -c "%u:%g:%a %n" /copied',
        ...WORK.slice(4),
        'RUN cat /proc/self/uid_map /proc/self/gid_map',
      ]);
      const build = async (name: string, ...flags: string[]): Promise<string> =>
        (await store.ok(['bud', '--no-cache', '--format', 'docker', ...flags, '-t', name, context])).stdout;
      await build('plain', '--layers=false', '--disable-compression=false');
      const plain = ownersOf(await lastLayerListing(store, 'plain'));
      assert.ok(plain.includes('-rwsr-sr-x 13/14 copied') && plain.includes('lrwxrwxrwx 9/10 l -> x'), plain.join('\n'));
      const maps = ['--userns-uid-map', '0:1:1000', '--userns-gid-map', '0:2000:900'];
      const shown = await build('shifted', '--layers=false', '--disable-compression=false', ...maps);
      assert.match(shown, /^ +0 +1 +1000\n +0 +2000 +900$/m);
      assert.match(shown, '11:12 /copied\n20:21 /d/new\n');
      assert.match(shown, '13:14:6755 /copied');
      assert.match(shown, /^33\n44$/m);
      assert.equal(ownersOf(await lastLayerListing(store, 'shifted')), plain);
      // With a layer for each step.
      await build('steps', '--timestamp', '0', ...maps);
      await build('plain-steps', '--timestamp', '0');
      const diffIds = await lowerDiffIdsOf(store, 'steps');
      assert.is(diffIds.length, 7);
      assert.equal(diffIds, await lowerDiffIdsOf(store, 'plain-steps'));
    }));

  test('without root the layer is the one that Buildah makes with the map', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      if (!existsSync('/usr/sbin/runc')) skip("runc is not installed, and Buildah's chroot cannot map ids without root");
      await addBusybox(store);
      const context = contextOf(store, ['FROM scratch', 'ADD rootfs.tar /', ...WORK.slice(1)]);
      await runOk(['zstd', '-dqo', join(context, 'rootfs.tar'), join(store.directory, 'busybox/rootfs.tar.zst')]);
      const maps = ['--userns-uid-map', '0:1:1000', '--userns-gid-map', '0:2000:900', '--layers=false', '--network', 'host'];
      await store.ok(['bud', '--disable-compression=false', '--format', 'docker', ...maps, '-t', 'ours', context]);
      chmodSync(store.directory, 0o711);
      await withPeers(store.directory, async (peers) => {
        const theirs = join(store.directory, 'theirs');
        const by = ['--isolation', 'rootless', '--runtime', '/usr/sbin/runc'];
        const { status, stderr } = await peers.buildahTry(context, [...maps, ...by], `oci:${theirs}:x`);
        assert.is(status, 0, stderr);
        const wanted = ownersOf(await lastLayerListing(store, 'ours')).filter(isOfWork);
        assert.ok(wanted.length >= 7);
        assert.equal(sorted(wanted), sorted(ownersOf(await onlyLayerListing(theirs)).filter(isOfWork)));
      });
    }));

  test('what is mounted for the command of a user has the owners it has without a map', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      const context = contextOf(store, [
        'FROM busybox AS other',
        'RUN touch /from-other && chown 3:4 /from-other',
        'FROM busybox',
        'RUN --mount=type=bind,target=/context --mount=type=bind,source=file,target=/one --mount=type=bind,source=file,target=/mine,rw ' +
          '--mount=type=bind,from=other,source=/,target=/other --mount=type=bind,from=other,source=/,target=/rw,rw ' +
          '--mount=type=cache,target=/cache,uid=5,gid=6 --mount=type=secret,id=s,uid=7,gid=8 --mount=type=tmpfs,target=/scratch ' +
          'stat -c "%u:%g %n" /context/file /one /mine /other/from-other /rw/from-other /cache /cache/* /run/secrets/s /scratch; ' +
          'cat /one /run/secrets/s && echo written > /mine && touch /cache/made /scratch/made /rw/made && chown 9:10 /rw/made /cache/made',
      ]);
      const build = async (...flags: string[]): Promise<string[]> => {
        const { stdout } = await store.ok(['bud', '--no-cache', '--secret', `id=s,src=${join(context, 'file')}`, ...flags, context]);
        return stdout.split('\n').filter((line) => /^\d+:\d+ \//.test(line));
      };
      const owners = ['0:0 /context/file', '0:0 /one', '0:0 /mine', '3:4 /other/from-other', '3:4 /rw/from-other', '5:6 /cache'];
      const rest = ['7:8 /run/secrets/s', '0:0 /scratch'];
      const maps = ['--userns-uid-map', '0:10:1000'];
      assert.equal(await build(...maps), [...owners, ...rest]);
      assert.equal(await build(...maps), [...owners, '9:10 /cache/made', ...rest]);
      // The files of a cache have the ids of one map.
      assert.equal(await build(), [...owners, ...rest]);
      assert.is(readFileSync(join(context, 'file'), 'utf8'), 'of the context');
    }));

  test("a user's subordinate ids are named by his name, and auto leaves out his own", () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM busybox', 'RUN cat /proc/self/uid_map']);
      const user = (await runOk(['id', '-un'])).stdout.trim();
      const named = await store.ok(['bud', '--no-cache', '--userns-uid-map-user', user, context]);
      // The machine has 0 of the command as the first of his ids there, which is 1 where tsbuild runs.
      assert.match(named.stdout, /^ +0 +1 +\d{4,}$/m);
      const stranger = await store.tsbuild(['bud', '--userns-uid-map-user', 'nobody-has-this-name', context]);
      assert.match(stranger.stderr, 'no ranges for "nobody-has-this-name" in /etc/subuid');
      assert.match((await store.ok(['bud', '--no-cache', '--userns', 'auto', context])).stdout, /^ +0 +1 +16384$/m);
      for (const name of ['a', 'b']) await store.ok(['from', '--name', name, '--userns', 'auto:size=500', 'busybox']);
      assert.match((await store.ok(['run', 'b', 'cat', '/proc/self/uid_map'])).stdout, /^ +0 +501 +500$/m);
      const none = await store.tsbuild(['from', '--userns', 'auto:size=4000000', 'busybox']);
      assert.is(none.status, 125);
      assert.match(none.stderr, 'cannot find ids for --userns=auto: no 4000000 ids in a row are free among those that tsbuild has');
    }));

  test('a working container of a user keeps its ids', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      await store.ok(['from', '--name', 'c', '--userns-uid-map', '0:1:1000', '--userns-gid-map', '0:2000:900', 'busybox']);
      const file = join(contextOf(store, []), 'file');
      await store.ok(['copy', '--chown', '3:4', 'c', file, '/copied']);
      const command = 'stat -c %u:%g /copied; touch /made; rm /bin/yes; cut -c1-40 /proc/self/uid_map; exit 3';
      const failed = await store.tsbuild(['run', 'c', 'sh', '-c', command]);
      assert.is(failed.status, 3, failed.stderr);
      assert.match(failed.stdout, /^3:4\n +0 +1 +1000\n$/);
      await store.ok(['run', '--user', '5:6', 'c', 'sh', '-c', 'ls /made && touch /tmp/again']);
      await store.ok(['copy', '--chown', '7:8', 'c', file, '/tmp/later']);
      // In a session it is seen as it is stored, and its commands would not find their ids there.
      const session = `m=$("$0" --root "$1" --runroot "$2" mount c) && stat -c %u:%g "$m/made" "$m/tmp/again" && "$0" --root "$1" --runroot "$2" run c true`;
      const [program = '', ...args] = store.argv(['unshare', 'sh', '-c', session]);
      const mounted = await run([program, ...args, program, store.root, join(store.directory, 'run')]);
      assert.match(mounted.stdout, '0:0\n5:6\n');
      assert.is(mounted.status, 125);
      assert.match(mounted.stderr, 'container c is mounted with the ids in its files, and its commands have others');
      await store.ok(['commit', '-q', '--format', 'docker', 'c', 'done']);
      const listing = ownersOf(await lastLayerListing(store, 'done'));
      for (const line of [
        '-rw------- 3/4 copied',
        '-rw-r--r-- 0/0 made',
        '-rw-r--r-- 5/6 tmp/again',
        '-rw------- 7/8 tmp/later',
        '-rw------- 0/0 bin/.wh.yes',
      ])
        assert.ok(listing.includes(line), `${line}\n${listing.join('\n')}`);
    }));

  test('a file of somebody whom the map cannot have is named', () =>
    withTestStore(async (store) => {
      await needSubordinateIds(store);
      await addBusybox(store);
      const context = contextOf(store, ['FROM busybox', 'RUN touch /his && chown 1000 /his && touch /far && chown 2000 /far']);
      await store.ok(['bud', '-t', 'has', context]);
      contextOf(store, ['FROM has', 'RUN stat -c "%u %n" /his /far']);
      // 1000 would look like 999.
      const refused = await store.tsbuild(['bud', '--userns-uid-map', '0:1:1000', context]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, '"/his" belongs to user 1000, whom the map of ids does not have');
      assert.match((await store.ok(['bud', '--userns-uid-map', '0:1:1001', context])).stdout, '1000 /his\n65534 /far\n');
    }));
});
