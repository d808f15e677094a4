import { closeSync, existsSync, lstatSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type DiffId, digestOf } from '../../../src/image/index.js';
import type { GrowingFile } from '../../../src/layers/index.js';
import type { LayerSource } from '../../../src/snapshots/index.js';
import { openOverlaySnapshots } from '../../../src/snapshots/overlay-driver.js';
import type { Store } from '../../../src/store/index.js';
import { getXattr } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { type TarItem, tarOf } from '../../support/tar-of.js';
import { fastTempRoot } from '../../support/temp-dir.js';
import { withStore } from '../store/with-store.js';

async function put(store: Store, items: readonly TarItem[]): Promise<DiffId> {
  const tar = tarOf(items);
  const diffId = digestOf(tar) as string as DiffId;
  const blob = await store.blobs.putBytes(gzipSync(tar));
  await store.layers.put({ diffId, blobs: [{ ...blob, compression: 'gzip' }] });
  return diffId;
}

/** Extracts the layers at once and gives their directories, base first. */
async function extract(store: Store, layers: readonly (readonly TarItem[])[]): Promise<readonly string[]> {
  const chain: DiffId[] = [];
  for (const layer of layers) chain.push(await put(store, layer));
  const snapshots = openOverlaySnapshots(store, { userxattr: true });
  await snapshots.ensure(chain.map((diffId) => ({ diffId })));
  return snapshots.lowers(chain).reverse();
}

function isOpaque(directory: string): boolean {
  const fd = openSync(directory, 'r');
  try {
    return getXattr(fd, 'user.overlay.opaque')?.toString() === 'y';
  } finally {
    closeSync(fd);
  }
}

function attributes(path: string): string {
  const { mode, mtimeMs } = statSync(path);
  return `${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`;
}

/** A file that grows by `chunkBytes` whenever the event loop comes round, and ends well or not. */
function growing(bytes: Uint8Array, chunkBytes: number, failure?: Error): { file: GrowingFile; isClosed: () => boolean } {
  const directory = mkdtempSync(join(fastTempRoot(), 'growing-'));
  const fd = openSync(join(directory, 'blob'), 'w+');
  rmSync(directory, { recursive: true });
  let there = 0;
  let closed = false;
  const file: GrowingFile = {
    fd,
    async follow(grown) {
      for (; there < bytes.length; there = Math.min(there + chunkBytes, bytes.length)) {
        if (failure !== undefined && there > bytes.length / 2) throw failure;
        writeSync(fd, bytes, there, Math.min(chunkBytes, bytes.length - there), there);
        grown(there);
        await new Promise((resolve) => setImmediate(resolve));
      }
      grown(bytes.length);
    },
    close() {
      closed = true;
      closeSync(fd);
    },
  };
  return { file, isClosed: () => closed };
}

suite('snapshots/extract-chain', (test) => {
  test('a directory without an entry, and a root without one, look as in the layers below', () =>
    withStore(async (store) => {
      const [, middle, top] = await extract(store, [
        [
          { name: './', mode: 0o751, mtime: 50 },
          { name: 'd/', mode: 0o700, mtime: 100 },
          { name: 'd/e/', mode: 0o711, mtime: 200 },
        ],
        [{ name: 'd/e/one', data: '1' }],
        [
          { name: 'd/e/two', data: '2' },
          { name: 'd/', mode: 0o750, mtime: 300 },
          { name: 'new/three', data: '3' },
        ],
      ]);
      assert.is(attributes(middle!), '751 50');
      assert.is(attributes(join(middle!, 'd')), '700 100');
      assert.is(attributes(join(middle!, 'd/e')), '711 200');
      assert.is(attributes(top!), '751 50');
      // It has an entry of its own, after what lies in it.
      assert.is(attributes(join(top!, 'd')), '750 300');
      assert.is(attributes(join(top!, 'd/e')), '711 200');
      assert.is(attributes(join(top!, 'new')), '755 0');
    }));

  test('whiteouts and opaque directories hide what is below, whichever layer is done first', () =>
    withStore(async (store) => {
      const [, removed, opaque] = await extract(store, [
        [
          { name: 'd/a', data: 'a' },
          { name: 'd/b', data: 'b' },
          { name: 'e/c', data: 'c' },
        ],
        [{ name: 'd/.wh.a' }, { name: '.wh.e' }, { name: 'e/f', data: 'f' }],
        [{ name: 'd/.wh..wh..opq' }, { name: 'd/.wh.b' }, { name: 'd/g', data: 'g' }],
      ]);
      const whiteout = lstatSync(join(removed!, 'd/a'));
      assert.ok(whiteout.isCharacterDevice() && whiteout.rdev === 0);
      assert.ok(isOpaque(join(removed!, 'e')));
      assert.ok(isOpaque(join(opaque!, 'd')));
      // In a directory that merges with nothing, a whiteout would be a broken device.
      assert.equal(readdirSync(join(opaque!, 'd')), ['g']);
    }));

  test('a layer that hides all below its root hides it name by name', () =>
    withStore(async (store) => {
      const [, , top] = await extract(store, [
        [
          { name: 'a', data: 'a' },
          { name: 'd/b', data: 'b' },
        ],
        [{ name: 'c', data: 'c' }],
        [{ name: '.wh..wh..opq' }, { name: 'd/new', data: 'n' }],
      ]);
      assert.equal(readdirSync(top!).sort(), ['a', 'c', 'd']);
      for (const name of ['a', 'c']) assert.is(lstatSync(join(top!, name)).rdev, 0);
      assert.ok(isOpaque(join(top!, 'd')));
    }));

  for (const compression of ['gzip', 'none'] as const) {
    test(`a blob is extracted while it grows (${compression})`, () =>
      withStore(async (store) => {
        const text = 'some text\n'.repeat(50_000);
        const tar = tarOf([
          { name: 'file', data: text },
          { name: 'last', data: 'end' },
        ]);
        const diffId = digestOf(tar) as string as DiffId;
        const { file, isClosed } = growing(compression === 'gzip' ? gzipSync(tar) : tar, 1000);
        const snapshots = openOverlaySnapshots(store, { userxattr: true });
        await snapshots.ensure([{ diffId, arriving: async () => file }]);
        const [fs] = snapshots.lowers([diffId]);
        assert.is(readFileSync(join(fs!, 'file'), 'utf8'), text);
        assert.is(readFileSync(join(fs!, 'last'), 'utf8'), 'end');
        assert.ok(isClosed());
      }));
  }

  test('when the growth ends too early, its reason comes out, the other layers stop and nothing stays', () =>
    withStore(async (store) => {
      const base = await put(store, [{ name: 'base', data: 'base' }]);
      const tar = tarOf([{ name: 'file', data: 'x'.repeat(100_000) }]);
      const diffId = digestOf(tar) as string as DiffId;
      const above = await put(store, [{ name: 'above', data: 'above' }]);
      const { file, isClosed } = growing(tar, 1000, new Error('the line is dead'));
      const snapshots = openOverlaySnapshots(store, { userxattr: true });
      const layers: LayerSource[] = [{ diffId: base }, { diffId, arriving: async () => file }, { diffId: above }];
      await rejects(snapshots.ensure(layers), { message: /the line is dead/ });
      assert.ok(isClosed());
      assert.not(snapshots.has([base, diffId]));
      assert.equal(readdirSync(await store.scratch.dir()), []);
      assert.not(existsSync(snapshots.lowers([base, diffId, above])[0]!));
    }));

  test('bytes that are not the layer are refused, and nothing stays', () =>
    withStore(async (store) => {
      const diffId = digestOf(tarOf([{ name: 'file', data: 'wanted' }])) as string as DiffId;
      const { file } = growing(gzipSync(tarOf([{ name: 'file', data: 'other' }])), 50);
      const snapshots = openOverlaySnapshots(store, { userxattr: true });
      await rejects(snapshots.ensure([{ diffId, arriving: async () => file }]), { code: 'DIGEST_MISMATCH' });
      assert.not(snapshots.has([diffId]));
      assert.equal(readdirSync(await store.scratch.dir()), []);
    }));
});
