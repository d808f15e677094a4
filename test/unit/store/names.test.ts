import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { putSampleImage } from './sample-image.js';
import { withStore } from './with-store.js';

suite('names', (test) => {
  test('publish() moves a name and leaves the old image without one', () =>
    withStore(async (store) => {
      const old = await putSampleImage(store, ['old']);
      const made = await putSampleImage(store, ['new']);
      await store.names.publish(['localhost/app:latest'], old.descriptor);
      await store.names.publish(['localhost/app:latest', 'localhost/app:2'], made.descriptor);
      assert.equal(store.names.list(), [
        { descriptor: old.descriptor },
        { name: 'localhost/app:latest', descriptor: made.descriptor },
        { name: 'localhost/app:2', descriptor: made.descriptor },
      ]);
    }));

  test('publish() without a name enters the image once', () =>
    withStore(async (store) => {
      const { descriptor } = await putSampleImage(store, ['one']);
      await store.names.publish([], descriptor);
      await store.names.publish([], descriptor);
      assert.equal(store.names.list(), [{ descriptor }]);
      await store.names.publish(['localhost/app:1'], descriptor);
      assert.equal(store.names.list(), [{ name: 'localhost/app:1', descriptor }]);
      await store.names.publish([], descriptor);
      assert.is(store.names.list().length, 1);
    }));

  test('publish() of what is published already writes nothing', () =>
    withStore(async (store) => {
      const { descriptor } = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/app:1'], descriptor);
      const file = join(store.root, 'index.json');
      const spaced = `${readFileSync(file, 'utf8')}\n`;
      writeFileSync(file, spaced);
      await store.names.publish(['localhost/app:1'], descriptor);
      assert.is(readFileSync(file, 'utf8'), spaced);
    }));

  test('entries and annotations of others are kept', () =>
    withStore(async (store) => {
      const { descriptor } = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/app:1'], descriptor);
      const file = join(store.root, 'index.json');
      const index = JSON.parse(readFileSync(file, 'utf8'));
      index.manifests[0].annotations.vendor = 'x';
      index.manifests.push({ mediaType: 'application/x-other', digest: `sha256:${'0'.repeat(64)}`, size: 1, 'x-field': true });
      writeFileSync(file, JSON.stringify(index));
      await store.names.untag(['localhost/app:1']);
      assert.equal(JSON.parse(readFileSync(file, 'utf8')).manifests, [
        index.manifests[1],
        { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size, annotations: { vendor: 'x' } },
      ]);
    }));

  test('resolve() in every spelling', () =>
    withStore(async (store) => {
      const app = await putSampleImage(store, ['app']);
      const hub = await putSampleImage(store, ['hub']);
      await store.names.publish(['localhost/app:latest', 'localhost/team/app:1'], app.descriptor);
      await store.names.publish(['docker.io/library/debian:12', 'docker.io/library/app:latest'], hub.descriptor);
      const found = (text: string) => store.names.resolve(text)?.descriptor.digest;
      for (const text of [
        'localhost/app:latest',
        'localhost/app',
        'app',
        'app:latest',
        'team/app:1',
        app.descriptor.digest,
        app.config.digest,
        app.imageId,
        app.imageId.slice(0, 12),
        `app@${app.descriptor.digest}`,
      ]) {
        assert.is(found(text), app.descriptor.digest, text);
      }
      for (const text of ['debian:12', 'library/debian:12', 'docker.io/debian:12', 'docker.io/library/debian:12', 'docker.io/app']) {
        assert.is(found(text), hub.descriptor.digest, text);
      }
      for (const text of [
        'debian',
        'app:2',
        'ap',
        'other',
        '',
        'UPPER',
        app.imageId.slice(0, 2),
        `debian@${app.descriptor.digest}`,
        'a b',
      ]) {
        assert.is(found(text), undefined, text);
      }
      assert.is(store.names.resolve('app')?.name, 'localhost/app:latest');
      assert.is(store.names.resolve(app.imageId)?.name, undefined);
    }));

  test('resolve() refuses a prefix of two IDs', () =>
    withStore(
      async (store) => {
        // Enough images that two share their first three digits: 4096 prefixes, 150 images make it all but certain.
        const ids = new Map<string, string>();
        let prefix: string | undefined;
        for (let number = 0; prefix === undefined; number++) {
          const { imageId, descriptor } = await putSampleImage(store, [String(number)]);
          await store.names.publish([], descriptor);
          if (ids.has(imageId.slice(0, 3))) prefix = imageId.slice(0, 3);
          ids.set(imageId.slice(0, 3), imageId);
        }
        await rejects(() => store.names.resolve(prefix), { code: 'IMAGE_NOT_FOUND', message: /Cannot tell which image/ });
      },
      { noSync: true },
    ));
});

suite('removeImage()', (test) => {
  test('by name: the name goes, the image with its last', () =>
    withStore(async (store) => {
      const { descriptor, imageId } = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1', 'localhost/b:1'], descriptor);
      assert.equal(await store.removeImage('a:1', { force: false }), { untagged: ['localhost/a:1'] });
      assert.equal(store.names.list(), [{ name: 'localhost/b:1', descriptor }]);
      assert.equal(await store.removeImage('b:1', { force: false }), { untagged: ['localhost/b:1'], deleted: imageId });
      assert.equal(store.names.list(), []);
      await rejects(store.removeImage('b:1', { force: false }), { code: 'IMAGE_NOT_FOUND', message: /b:1: image not known/ });
    }));

  test('by ID: several names need force', () =>
    withStore(async (store) => {
      const { descriptor, imageId } = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/a:1', 'localhost/b:1'], descriptor);
      await rejects(store.removeImage(imageId.slice(0, 12), { force: false }), { code: 'IMAGE_IN_USE', message: /localhost\/a:1/ });
      assert.equal(await store.removeImage(imageId, { force: true }), { untagged: ['localhost/a:1', 'localhost/b:1'], deleted: imageId });
      assert.equal(store.names.list(), []);
    }));

  test('two manifests of one config are one image', () =>
    withStore(async (store) => {
      const oci = await putSampleImage(store, ['one']);
      const docker = await putSampleImage(store, ['one'], 'docker');
      await store.names.publish(['localhost/oci:1'], oci.descriptor);
      await store.names.publish(['localhost/docker:1'], docker.descriptor);
      assert.equal(await store.removeImage('oci:1', { force: false }), { untagged: ['localhost/oci:1'] });
      assert.equal(store.names.list(), [{ name: 'localhost/docker:1', descriptor: docker.descriptor }]);
    }));

  test('an image whose manifest is lost can be removed', () =>
    withStore(async (store) => {
      const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'a'.repeat(64)}` as never, size: 10 };
      await store.names.publish(['localhost/lost:1'], descriptor);
      await store.removeImage('lost:1', { force: false });
      assert.equal(store.names.list(), []);
    }));
});
