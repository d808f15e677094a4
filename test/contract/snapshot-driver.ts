import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type DiffId, digestOf } from '../../src/image/index.js';
import { EMPTY_LAYER } from '../../src/layers/index.js';
import type { SnapshotDriver } from '../../src/snapshots/index.js';
import type { Store } from '../../src/store/index.js';
import { rejects } from '../support/rejects.js';
import { skip, suite } from '../support/suite.js';
import { putSampleImage, tarOf } from '../unit/store/sample-image.js';

/** What every snapshot driver must do. `withDriver` gives the body a driver over an empty store. */
export function snapshotDriverContract(
  name: string,
  withDriver: (body: (snapshots: SnapshotDriver, store: Store) => Promise<void>) => Promise<void>,
): void {
  suite(name, (test) => {
    test('ensure() extracts what is missing', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds } = await putSampleImage(store, ['one', 'two']);
        assert.not(snapshots.has(diffIds));
        await snapshots.ensure(diffIds.map((diffId) => ({ diffId })));
        assert.ok(snapshots.has(diffIds));
        const lowers = snapshots.lowers(diffIds);
        // An overlay stacks one directory per layer, a copy is the whole.
        assert.equal(
          lowers.map((directory) => readFileSync(join(directory, 'file'), 'utf8')),
          snapshots.kind === 'overlay' ? ['two', 'one'] : ['two'],
        );
        for (const diffId of diffIds) {
          const record = store.layers.get(diffId);
          assert.ok(record?.contentDigest !== undefined && record.uncompressedBytes === 2048 && record.blobs.length === 1);
        }
        assert.equal(readdirSync(await store.scratch.dir()), []);
        await snapshots.ensure(diffIds.map((diffId) => ({ diffId })));
      }));

    test('ensure() shares the work of those who ask at once', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds } = await putSampleImage(store, ['one', 'two']);
        const layers = diffIds.map((diffId) => ({ diffId }));
        const cancelled = snapshots.ensure(layers, { signal: AbortSignal.abort() });
        await Promise.all([snapshots.ensure(layers), snapshots.ensure(layers), rejects(cancelled, {})]);
        assert.ok(snapshots.has(diffIds));
      }));

    test('ensure() refuses a blob that is not the layer and leaves nothing', () =>
      withDriver(async (snapshots, store) => {
        const { layers } = await putSampleImage(store, ['other']);
        const diffId = digestOf(tarOf('file', 'wanted')) as string as DiffId;
        await rejects(snapshots.ensure([{ diffId, descriptor: layers[0]! }]), { code: 'DIGEST_MISMATCH' });
        assert.not(snapshots.has([diffId]));
        assert.equal(readdirSync(await store.scratch.dir()), []);
        await rejects(snapshots.ensure([{ diffId }]), { code: 'BLOB_NOT_FOUND' });
      }));

    test('a snapshot that another boot has left unsynced is made again; one that was synced, or is of this boot, stays', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds, descriptor: image } = await putSampleImage(store, ['one']);
        const layers = diffIds.map((diffId) => ({ diffId }));
        await snapshots.ensure(layers);
        assert.ok(snapshots.has(diffIds));
        const file = join(snapshots.lowers(diffIds)[0]!, 'file');
        const mark = join(snapshots.lowers(diffIds)[0]!, '../unsynced');
        assert.is(readlinkSync(mark), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
        // As a power failure leaves it: the name is there, the content is not.
        rmSync(mark);
        symlinkSync('00000000-0000-0000-0000-000000000000', mark);
        truncateSync(file);
        assert.not(snapshots.has(diffIds));
        await snapshots.ensure(layers);
        assert.ok(snapshots.has(diffIds));
        assert.is(readFileSync(file, 'utf8'), 'one');
        // A name is published after everything was synced.
        await store.names.publish(['localhost/synced:1'], image);
        assert.not(existsSync(mark));
        assert.ok(snapshots.has(diffIds));
      }));

    test('the layer of nothing has no directory, scratch has an empty one', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds } = await putSampleImage(store, ['one']);
        const chain = [...diffIds, EMPTY_LAYER.diffId];
        await snapshots.ensure(chain.map((diffId) => ({ diffId })));
        assert.ok(snapshots.has(chain));
        assert.equal(snapshots.lowers(chain), snapshots.lowers(diffIds));
        for (const empty of [[], [EMPTY_LAYER.diffId]]) {
          const lowers = snapshots.lowers(empty);
          assert.is(lowers.length, 1);
          assert.equal(readdirSync(lowers[0]!), []);
          assert.is(statSync(lowers[0]!).mode & 0o7777, 0o755);
          assert.ok(snapshots.has(empty));
        }
      }));

    test('prepare(), publish(): the upper directory becomes the snapshot', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds } = await putSampleImage(store, ['one']);
        await snapshots.ensure(diffIds.map((diffId) => ({ diffId })));
        const working = await snapshots.prepare(snapshots.lowers(diffIds));
        writeFileSync(join(working.upper, 'new'), 'new');
        const { ino } = statSync(join(working.upper, 'new'));
        const chain = [...diffIds, digestOf('layer') as string as DiffId];
        snapshots.publish(working, chain);
        assert.ok(snapshots.has(chain));
        assert.is(statSync(join(snapshots.lowers(chain)[0]!, 'new')).ino, ino);
        assert.not(existsSync(working.dir));
      }));

    test('publish() that comes second changes nothing', () =>
      withDriver(async (snapshots) => {
        const chain = [digestOf('layer') as string as DiffId];
        for (const text of ['first', 'second']) {
          const working = await snapshots.prepare(snapshots.lowers([]));
          writeFileSync(join(working.upper, 'file'), text);
          const fd = openSync(working.upper, constants.O_RDONLY | constants.O_DIRECTORY);
          try {
            snapshots.publish(working, chain);
            // Who still reads the one that came second goes on doing so: another process may empty the trash at any time.
            assert.is(readFileSync(`/proc/self/fd/${fd}/file`, 'utf8'), text);
            assert.not.match(readlinkSync(`/proc/self/fd/${fd}`), /\/trash\//);
          } finally {
            closeSync(fd);
          }
        }
        assert.is(readFileSync(join(snapshots.lowers(chain)[0]!, 'file'), 'utf8'), 'first');
      }));

    test('prepare() takes over the root attributes of what is below', () =>
      withDriver(async (snapshots) => {
        const first = await snapshots.prepare(snapshots.lowers([]));
        const { chmodSync, utimesSync } = await import('node:fs');
        chmodSync(first.upper, 0o1750);
        utimesSync(first.upper, 1000, 2000);
        const chain = [digestOf('layer') as string as DiffId];
        snapshots.publish(first, chain);
        const lowers = snapshots.lowers(chain);
        assert.is(snapshots.rootAttributes(lowers).mode, 0o1750);
        const second = await snapshots.prepare(lowers);
        assert.is(statSync(second.upper).mode & 0o7777, 0o1750);
        assert.is(statSync(second.upper).mtimeMs, 2_000_000);
        assert.equal(snapshots.rootAttributes([second.upper]), snapshots.rootAttributes(lowers));
        snapshots.discard(second);
        assert.not(existsSync(second.dir));
      }));

    test('openMerged() shows all layers, and writes end in the working layer', () =>
      withDriver(async (snapshots, store) => {
        const { diffIds } = await putSampleImage(store, ['one', 'two']);
        await snapshots.ensure(diffIds.map((diffId) => ({ diffId })));
        const lowers = snapshots.lowers(diffIds);
        const working = await snapshots.prepare(lowers);
        let merged: number;
        try {
          merged = await snapshots.openMerged(lowers, working);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EPERM') return skip('no right to mount here');
          throw error;
        }
        const root = `/proc/self/fd/${merged}`;
        assert.is(readFileSync(join(root, 'file'), 'utf8'), 'two');
        mkdirSync(join(root, 'dir'));
        writeFileSync(join(root, 'dir', 'made'), 'x');
        closeSync(merged);
        assert.is(readFileSync(join(working.upper, 'dir', 'made'), 'utf8'), 'x');
        const again = await snapshots.openMerged(lowers, await snapshots.reopen(working));
        assert.ok(existsSync(`/proc/self/fd/${again}/dir/made`));
        closeSync(again);
        const single = await snapshots.openMerged(snapshots.lowers([]));
        assert.equal(readdirSync(`/proc/self/fd/${single}`), []);
        closeSync(single);
      }));
  });
}
