import { readSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import type { CachedLayer } from '../../../../src/builder/steps/index.js';
import { type DiffId, digestOf } from '../../../../src/image/index.js';
import { RemoteLayers } from '../../../../src/operations/remote/remote-layers.js';
import { openStore, type Store } from '../../../../src/store/index.js';
import type { ImageSource } from '../../../../src/transports/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';

interface Fake extends ImageSource {
  readonly asked: string[];
}

async function withStore(body: (store: Store, remote: RemoteLayers) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const store = await openStore({ root: join(directory, 'root'), runRoot: join(directory, 'run'), noSync: true });
    try {
      const remote = new RemoteLayers(store, { report() {} }, new AbortController().signal);
      await body(store, remote);
      await remote.close();
    } finally {
      await store.close();
    }
  });
}

function layerOf(text: string): { readonly layer: CachedLayer; readonly bytes: Uint8Array } {
  const bytes = gzipSync(text);
  const diffId = digestOf(text) as string as DiffId;
  return { layer: { diffId, digest: digestOf(bytes), size: bytes.length, compression: 'gzip' }, bytes };
}

function sourceOf(bytes: Uint8Array | undefined): Fake {
  const asked: string[] = [];
  return {
    asked,
    description: 'a test',
    readManifest: async () => assert.unreachable() as never,
    async *openBlob({ digest }) {
      asked.push(digest);
      if (bytes === undefined) throw new Error('gone');
      yield bytes;
    },
    async close() {},
  };
}

suite('operations/remote-layers', (test) => {
  test('fetch() brings what is missing, each layer once', async () => {
    await withStore(async (store, remote) => {
      const { layer, bytes } = layerOf('a layer');
      const source = sourceOf(bytes);
      remote.offer([layer], { source, kind: 'cache' });
      await Promise.all([remote.fetch([layer.diffId], undefined), remote.fetch([layer.diffId], undefined)]);
      await remote.fetch([layer.diffId], undefined);
      assert.equal(source.asked, [layer.digest]);
      assert.is(store.layers.get(layer.diffId)?.blobs[0]?.digest, layer.digest);
    });
  });

  test('what nobody offers is left to who needs it', async () => {
    await withStore(async (_store, remote) => {
      const { layer } = layerOf('unknown');
      assert.not.ok(remote.has(layer.diffId));
      await remote.fetch([layer.diffId], undefined);
    });
  });

  test('a second source is asked when the first has lost the layer', async () => {
    await withStore(async (store, remote) => {
      const { layer, bytes } = layerOf('a layer');
      remote.offer([layer], { source: sourceOf(undefined), kind: 'cache' });
      remote.offer([layer], { source: sourceOf(bytes), kind: 'cache' });
      await remote.fetch([layer.diffId], undefined);
      assert.ok(store.blobs.has(layer.digest, layer.size));
    });
  });

  for (const [subject, lie] of [
    ['other bytes', ({ layer, bytes }: ReturnType<typeof layerOf>) => ({ layer, bytes: Buffer.alloc(bytes.length) })],
    ['too many bytes', ({ layer, bytes }: ReturnType<typeof layerOf>) => ({ layer, bytes: Buffer.concat([bytes, bytes]) })],
    [
      'the layer of another diff id',
      ({ layer, bytes }: ReturnType<typeof layerOf>) => ({ layer: { ...layer, diffId: layerOf('x').layer.diffId }, bytes }),
    ],
    ['no archive', () => ({ layer: { ...layerOf('x').layer, digest: digestOf('text'), size: 4 }, bytes: Buffer.from('text') })],
  ] as const) {
    test(`fetch() refuses ${subject}, and the store knows nothing of it`, async () => {
      await withStore(async (store, remote) => {
        const { layer, bytes } = lie(layerOf('a layer'));
        remote.offer([layer], { source: sourceOf(bytes), kind: 'cache' });
        await rejects(remote.fetch([layer.diffId], undefined), { code: 'CACHE_LAYER_LOST' });
        assert.is(store.layers.get(layer.diffId), undefined);
      });
    });
  }

  test('the failure of an image is told as it is, that of a cache as a lost layer', async () => {
    await withStore(async (_store, remote) => {
      const { layer } = layerOf('a layer');
      remote.offer([layer], { source: sourceOf(undefined), kind: 'cache' });
      remote.offer([layer], { source: sourceOf(undefined), kind: 'image' });
      assert.ok(remote.hasChoice(layer.diffId));
      const error = await rejects(remote.fetch([layer.diffId], undefined), { message: /^gone$/ });
      assert.not.ok('code' in error);
    });
  });

  test('arriving() gives the file while it grows, and nothing is noted before it is confirmed', async () => {
    await withStore(async (store, remote) => {
      const { layer, bytes } = layerOf('a layer');
      remote.offer([layer], { source: sourceOf(bytes), kind: 'image' });
      const growing = await remote.arriving(layer.diffId);
      assert.ok(growing !== undefined);
      const grown: number[] = [];
      await growing.follow((size) => grown.push(size));
      assert.is(grown.at(-1), bytes.length);
      const read = Buffer.alloc(bytes.length);
      readSync(growing.fd, read, 0, read.length, 0);
      assert.equal(read, Buffer.from(bytes));
      growing.close();
      assert.ok(store.blobs.has(layer.digest, layer.size));
      assert.not.ok(remote.isStored(layer.diffId));
      await remote.confirm([layer.diffId]);
      assert.ok(remote.isStored(layer.diffId));
      assert.is(await remote.arriving(layer.diffId), undefined);
    });
  });

  test('prefetch() downloads, and fetch() then only compares the diff id', async () => {
    await withStore(async (_store, remote) => {
      const { layer, bytes } = layerOf('a layer');
      const source = sourceOf(bytes);
      remote.offer([layer], { source, kind: 'image' });
      remote.prefetch([layer.diffId]);
      await remote.fetch([layer.diffId], undefined);
      assert.equal(source.asked, [layer.digest]);
      assert.ok(remote.isStored(layer.diffId));
    });
  });

  test('close() ends what is under way', async () => {
    await withStore(async (store, remote) => {
      const { layer, bytes } = layerOf('a layer');
      const source: ImageSource = {
        ...sourceOf(bytes),
        async *openBlob(_blob, options) {
          yield bytes.subarray(0, 4);
          await new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal!.reason)));
        },
      };
      remote.offer([layer], { source, kind: 'image' });
      const growing = await remote.arriving(layer.diffId);
      const following = growing!
        .follow(() => {})
        .then(
          () => 'complete',
          () => 'ended',
        );
      await remote.close();
      assert.is(await following, 'ended');
      growing!.close();
      assert.not.ok(store.blobs.has(layer.digest));
    });
  });
});
