import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { chainId, type DiffId, digestHex, digestOf, encodeJson, OCI_INDEX } from '../../../src/image/index.js';
import type { Store } from '../../../src/store/index.js';
import { rejects } from '../../support/rejects.js';
import { problemsOf } from '../../support/store-problems.js';
import { suite } from '../../support/suite.js';
import { putSampleImage, type SampleImage } from './sample-image.js';
import { withStore } from './with-store.js';

function addSnapshots(store: Store, diffIds: readonly DiffId[]): string[] {
  return diffIds.map((_, position) => {
    const directory = join(store.snapshotsDir, digestHex(chainId(diffIds.slice(0, position + 1)) as DiffId));
    mkdirSync(join(directory, 'fs'), { recursive: true });
    return directory;
  });
}

function isWhole(store: Store, image: SampleImage): boolean {
  const blobs = [image.descriptor, image.config, ...image.layers];
  return (
    blobs.every(({ digest, size }) => store.blobs.has(digest, size)) &&
    image.diffIds.every((diffId) => store.layers.get(diffId) !== undefined)
  );
}

suite('collect()', (test) => {
  test('what is named stays, what is not goes, shared layers stay', () =>
    withStore(async (store) => {
      const kept = await putSampleImage(store, ['base', 'kept']);
      const dropped = await putSampleImage(store, ['base', 'dropped']);
      await store.names.publish(['localhost/kept:1'], kept.descriptor);
      await store.names.publish(['localhost/dropped:1'], dropped.descriptor);
      const keptSnapshots = addSnapshots(store, kept.diffIds);
      const [, droppedSnapshot = ''] = addSnapshots(store, dropped.diffIds);
      assert.is((await store.collect()).kind, 'collected');
      assert.ok(isWhole(store, kept) && isWhole(store, dropped));

      await store.removeImage('dropped:1', { force: false });
      const result = await store.collect();
      assert.ok(result.kind === 'collected' && result.freedBytes > 0);
      assert.equal({ ...result, freedBytes: 0 }, { kind: 'collected', images: [], blobs: 3, snapshots: 1, records: 0, freedBytes: 0 });
      assert.ok(isWhole(store, kept));
      assert.ok(keptSnapshots.every((directory) => existsSync(directory)));
      assert.not(existsSync(droppedSnapshot));
      assert.not(store.blobs.has(dropped.descriptor.digest));
    }));

  test('an image without a name stays until it is removed', () =>
    withStore(async (store) => {
      const image = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1'], image.descriptor);
      await store.names.untag(['localhost/a:1']);
      await store.collect();
      assert.ok(isWhole(store, image));
    }));

  test('everything below an index stays, also when an instance is not here', () =>
    withStore(async (store) => {
      const image = await putSampleImage(store, ['one']);
      const absent = { ...image.descriptor, digest: digestOf('absent') };
      const index = await store.blobs.putBytes(
        encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image.descriptor, absent] }),
      );
      await store.names.publish(['localhost/list:1'], { mediaType: OCI_INDEX, ...index });
      await store.collect();
      assert.ok(isWhole(store, image));
      assert.is(store.readImage({ mediaType: OCI_INDEX, ...index }).imageId, image.imageId);
      assert.equal(store.imageIds({ mediaType: OCI_INDEX, ...index }), [digestHex(index.digest), image.imageId]);
    }));

  test('a cache record keeps its layers until it expires', () =>
    withStore(async (store) => {
      const image = await putSampleImage(store, ['base', 'step']);
      const [, diffId] = image.diffIds;
      const [, layer] = image.layers;
      const snapshots = addSnapshots(store, image.diffIds);
      const record = {
        definition: digestOf('definition'),
        parent: digestOf('parent'),
        inputs: {},
        result: { layer: { diffId }, chain: chainId(image.diffIds) },
        createdAt: '2026-01-01T00:00:00Z',
      };
      await store.cache.put(record);
      store.cache.touch(record, new Date('2026-01-02'));
      await store.collect({ cache: { unusedSince: new Date('2026-01-02') } });
      assert.ok(store.blobs.has(layer!.digest));
      assert.ok(store.layers.get(diffId!));
      assert.equal(
        snapshots.map((directory) => existsSync(directory)),
        [false, true],
      );
      assert.not(store.blobs.has(image.descriptor.digest));
      await store.collect({ cache: { unusedSince: new Date('2026-01-03') } });
      assert.not(store.blobs.has(layer!.digest));
      assert.is(store.cache.find(record.definition, record.parent), undefined);
    }));

  test('a working container keeps its image, and its image refuses to go', () =>
    withStore(async (store) => {
      const image = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1'], image.descriptor);
      const dir = join(await store.scratch.dir(), 'working');
      const working = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
      for (const path of [working.upper, working.work]) mkdirSync(path, { recursive: true });
      writeFileSync(join(working.upper, 'file'), 'x');
      const { config } = store.readImage(image.descriptor);
      const made = await store.containers.create(
        {
          name: 'a-working-container',
          createdAt: '2026-01-01T00:00:00Z',
          image: { id: image.imageId, manifest: image.descriptor },
          diffIds: image.diffIds,
          config,
          format: 'oci',
        },
        working,
      );
      assert.not(existsSync(dir));
      assert.ok(existsSync(join(store.containers.working(made.id).upper, 'file')));
      assert.equal(store.containers.get('a-working-container'), made);
      assert.equal(store.containers.get(made.id.slice(0, 6)), made);
      await rejects(store.removeImage('a:1', { force: false }), { code: 'IMAGE_IN_USE', message: /a-working-container/ });
      await store.names.remove(image.descriptor.digest);
      await store.collect();
      assert.ok(isWhole(store, image));
      assert.equal(await problemsOf(store), []);
      await store.names.publish(['localhost/a:1'], image.descriptor);
      await store.removeImage('a:1', { force: true });
      assert.equal(store.containers.list(), []);
      await store.collect();
      assert.not(isWhole(store, image));
    }));

  test('a damaged manifest stops collection', () =>
    withStore(async (store) => {
      const image = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1'], image.descriptor);
      writeFileSync(store.blobs.path(image.descriptor.digest), 'x'.repeat(image.descriptor.size));
      await rejects(store.collect(), { code: 'DIGEST_MISMATCH' });
      assert.ok(store.blobs.has(image.config.digest));
      assert.match((await problemsOf(store))[0] ?? '', /^blob sha256:\w+: Cannot accept content/);
    }));
});

suite('containers', (test) => {
  test('names are unique, records can be replaced and removed', () =>
    withStore(async (store) => {
      const create = async (name: string) => {
        const dir = join(await store.scratch.dir(), `working-${name}-${Math.random()}`);
        const working = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
        for (const path of [working.upper, working.work]) mkdirSync(path, { recursive: true });
        const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } } as const;
        return await store.containers.create({ name, createdAt: '2026-01-01T00:00:00Z', diffIds: [], config, format: 'oci' }, working);
      };
      const first = await create('one');
      const second = await create('two');
      await rejects(create('one'), { code: 'NAME_IN_USE', message: /"one".*already in use/ });
      await rejects(store.containers.update({ ...second, name: 'one' }), { code: 'NAME_IN_USE' });
      await store.containers.update({ ...first, name: 'uno' });
      assert.is(store.containers.get('uno').id, first.id);
      await store.containers.remove(first.id);
      await store.containers.remove(first.id);
      await rejects(() => store.containers.get('uno'), { code: 'CONTAINER_NOT_FOUND', message: /"uno": container not known/ });
      assert.equal(store.containers.list(), [second]);
    }));
});
