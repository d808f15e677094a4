import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { CacheSharing, HeldCacheMount, Store } from '../../../src/store/index.js';
import { suite } from '../../support/suite.js';
import { withStore } from './with-store.js';

const never = new AbortController().signal;

interface Opening {
  readonly id?: string;
  readonly sharing?: CacheSharing;
  readonly origin?: string;
  readonly onWait?: (holders: readonly number[]) => void;
  readonly signal?: AbortSignal;
  readonly create?: (directory: string) => Promise<void>;
}

function open(store: Store, options: Opening = {}): Promise<HeldCacheMount> {
  const { id = 'npm', sharing = 'shared', origin = '', onWait = () => {}, create = async () => {}, signal = never } = options;
  const identity = { id, platform: 'linux/amd64', uid: 0, gid: 0, origin };
  return store.cacheMounts.open({ identity, sharing, create, onWait }, { signal });
}

suite('CacheMounts', (test) => {
  test('open() gives the same directory for the same id, and another for another', () =>
    withStore(async (store) => {
      const first = await open(store);
      writeFileSync(join(first.directory, 'kept'), 'x');
      first.release();
      const again = await open(store);
      assert.is(again.directory, first.directory);
      assert.ok(existsSync(join(again.directory, 'kept')));
      const other = await open(store, { id: 'pip' });
      const grown = await open(store, { origin: 'sha256:0' });
      assert.is(new Set([again.directory, other.directory, grown.directory]).size, 3);
      for (const held of [again, other, grown]) held.release();
    }));

  for (const id of ['../../../outside', '/etc', '..', 'a/../../b', '']) {
    test(`open() stays below cache/mounts for the id ${JSON.stringify(id)}`, () =>
      withStore(async (store) => {
        const held = await open(store, { id });
        const below = held.directory.slice(join(store.root, 'cache/mounts/').length);
        assert.ok(held.directory.startsWith(join(store.root, 'cache/mounts/')));
        assert.match(below, /^[0-9a-f]{64}\/fs$/);
        held.release();
      }));
  }

  test('open() makes the contents once, before anybody sees them', () =>
    withStore(async (store) => {
      let made = 0;
      const create = async (directory: string): Promise<void> => {
        made++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        writeFileSync(join(directory, 'seed'), '');
      };
      const held = await Promise.all([open(store, { create }), open(store, { create }), open(store, { create })]);
      assert.is(made, 1);
      for (const one of held) assert.equal(readdirSync(one.directory), ['seed']);
      for (const one of held) one.release();
    }));

  test('open() that could not make the contents leaves none behind', () =>
    withStore(async (store) => {
      const create = async (directory: string): Promise<void> => {
        writeFileSync(join(directory, 'half'), '');
        throw new Error('no');
      };
      await open(store, { create }).then(
        () => assert.unreachable(),
        () => undefined,
      );
      const held = await open(store);
      assert.equal(readdirSync(held.directory), []);
      held.release();
    }));

  test('shared: two at a time, without waiting', () =>
    withStore(async (store) => {
      const [a, b] = [await open(store), await open(store)];
      assert.is(a.directory, b.directory);
      a.release();
      b.release();
    }));

  test('locked: the second waits for the first, and is told for whom', () =>
    withStore(async (store) => {
      const first = await open(store, { sharing: 'locked' });
      const order: string[] = [];
      let holders: readonly number[] = [];
      const second = open(store, {
        sharing: 'locked',
        onWait: (ids) => {
          order.push('waits');
          holders = ids;
        },
      }).then((held) => {
        order.push('has it');
        return held;
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      order.push('released');
      first.release();
      (await second).release();
      assert.equal(order, ['waits', 'released', 'has it']);
      if (existsSync('/proc/locks')) assert.equal(holders, [process.pid]);
    }));

  test('locked: an abort ends the waiting', () =>
    withStore(async (store) => {
      const first = await open(store, { sharing: 'locked' });
      const abort = new AbortController();
      const second = open(store, {
        sharing: 'locked',
        signal: abort.signal,
        onWait: () => setTimeout(() => abort.abort(new Error('stop')), 10),
      });
      await second.then(
        () => assert.unreachable(),
        (error: Error) => assert.is(error.message, 'stop'),
      );
      first.release();
    }));

  test('private: a directory of its own when the first is in use, and the first again when it is not', () =>
    withStore(async (store) => {
      const first = await open(store, { sharing: 'private' });
      const second = await open(store, { sharing: 'private' });
      assert.is(second.directory, first.directory.replace(/\/fs$/, '.1/fs'));
      first.release();
      const third = await open(store, { sharing: 'private' });
      assert.is(third.directory, first.directory);
      second.release();
      third.release();
    }));

  test('evict() removes the least recently used that nobody uses, until the rest fits', () =>
    withStore(async (store) => {
      for (const [id, day] of [
        ['old', 1],
        ['used', 2],
        ['new', 3],
      ] as const) {
        const held = await open(store, { id });
        mkdirSync(join(held.directory, 'sub'));
        writeFileSync(join(held.directory, 'sub/file'), Buffer.alloc(1000));
        await store.cacheMounts.measure(held);
        held.release();
        const when = new Date(2026, 0, day);
        utimesSync(join(held.directory, '..'), when, when);
      }
      const sizes = store.cacheMounts.list().map(({ identity, sizeBytes }) => [identity.id, sizeBytes >= 1000]);
      assert.equal(sizes, [
        ['old', true],
        ['used', true],
        ['new', true],
      ]);
      const total = store.cacheMounts.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      assert.is(store.cacheMounts.evict(total), 0);
      const held = await open(store, { id: 'old' });
      const when = new Date(2026, 0, 1);
      utimesSync(join(held.directory, '..'), when, when);
      assert.is(store.cacheMounts.evict(total - 1), 1);
      assert.equal(
        store.cacheMounts.list().map(({ identity }) => identity.id),
        ['old', 'new'],
      );
      held.release();
      assert.is(store.cacheMounts.evict(0), 2);
      assert.equal(store.cacheMounts.list(), []);
    }));
});
