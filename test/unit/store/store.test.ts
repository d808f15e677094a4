import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openStore } from '../../../src/store/index.js';
import { rejects } from '../../support/rejects.js';
import { problemsOf } from '../../support/store-problems.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { putSampleImage } from './sample-image.js';
import { withStore } from './with-store.js';

suite('store layout', (test) => {
  test('opening and listing creates nothing', () =>
    withTempDir(async (directory) => {
      const root = join(directory, 'root');
      const store = await openStore({ root, runRoot: join(directory, 'run') });
      assert.equal(store.names.list(), []);
      assert.is(store.names.resolve('app'), undefined);
      assert.equal(store.containers.list(), []);
      assert.equal(store.damagedFiles(), []);
      await store.close();
      assert.not(existsSync(root));
    }));

  test('a store is an OCI layout of a version', () =>
    withStore(async (store) => {
      const { descriptor } = await putSampleImage(store, ['one']);
      await store.names.publish(['localhost/app:latest'], descriptor);
      assert.is(readFileSync(join(store.root, 'version'), 'utf8'), '1\n');
      assert.equal(JSON.parse(readFileSync(join(store.root, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' });
      const index = JSON.parse(readFileSync(join(store.root, 'index.json'), 'utf8'));
      assert.is(index.schemaVersion, 2);
      assert.equal(index.manifests, [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: descriptor.digest,
          size: descriptor.size,
          annotations: { 'org.opencontainers.image.ref.name': 'localhost/app:latest', 'io.containerd.image.name': 'localhost/app:latest' },
        },
      ]);
      assert.equal(await problemsOf(store), []);
    }));

  test('a store of a newer version is refused and not touched', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'version'), '2\n');
      const error = await rejects(openStore({ root: directory, runRoot: directory }), {
        code: 'STORE_VERSION',
        message: /version "2".*up to 1/,
      });
      assert.match(error.message, directory);
      assert.equal(readdirSync(directory), ['version']);
    }));

  test('a version that is no number is refused', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'version'), '1.5-beta');
      await rejects(openStore({ root: directory, runRoot: directory }), { code: 'STORE_VERSION' });
    }));

  test('a plain OCI layout is taken over with its images', () =>
    withStore(async (other) => {
      const { descriptor } = await putSampleImage(other, ['one']);
      await other.names.publish(['localhost/app:latest'], descriptor);
      await withTempDir(async (directory) => {
        const { cpSync } = await import('node:fs');
        for (const name of ['oci-layout', 'index.json', 'blobs'])
          cpSync(join(other.root, name), join(directory, name), { recursive: true });
        const store = await openStore({ root: directory, runRoot: directory });
        await store.names.publish(['localhost/app:2'], descriptor);
        assert.equal(
          store.names.list().map(({ name }) => name),
          ['localhost/app:latest', 'localhost/app:2'],
        );
        assert.ok(existsSync(join(directory, 'version')));
        await store.close();
      });
    }));

  test('an index.json that is none names the file', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'index.json'), '{"schemaVersion":2}');
      const store = await openStore({ root: directory, runRoot: directory });
      await rejects(() => store.names.list(), { code: 'STORE_CORRUPT', message: /index\.json/ });
    }));

  test('a root that cannot be made is an error with its path', () =>
    withTempDir(async (directory) => {
      writeFileSync(join(directory, 'file'), '');
      await rejects(openStore({ root: join(directory, 'file', 'root'), runRoot: directory }), { code: 'SYSTEM', message: /file\/root/ });
    }));
});

suite('scratch', (test) => {
  test('the directory goes when the store is closed', () =>
    withTempDir(async (directory) => {
      const store = await openStore({ root: directory, runRoot: directory });
      const scratch = await store.scratch.dir();
      assert.is(await store.scratch.dir(), scratch);
      writeFileSync(join(scratch, 'file'), 'x');
      await store.close();
      assert.not(existsSync(scratch));
      assert.equal(readdirSync(join(directory, 'trash')), []);
    }));

  test('lockShared() sweeps what dead processes left and spares the living', () =>
    withStore(async (store, directory) => {
      const other = await openStore({ root: store.root, runRoot: directory });
      const living = await other.scratch.dir();
      const dead = join(store.root, 'tmp', 'dead');
      mkdirSync(join(dead, 'deep'), { recursive: true });
      const release = await store.lockShared();
      assert.not(existsSync(dead));
      assert.ok(existsSync(living));
      release();
      await other.close();
    }));
});

suite('locks', (test) => {
  test('collect() gives up while another holds the store', () =>
    withStore(async (store, directory) => {
      const other = await openStore({ root: store.root, runRoot: directory });
      const release = await other.lockShared();
      assert.equal(await store.collect(), { kind: 'busy' });
      release();
      release();
      assert.is((await store.collect()).kind, 'collected');
      await other.close();
    }));

  test('collect({wait}) waits, and can be cancelled', () =>
    withStore(async (store, directory) => {
      const other = await openStore({ root: store.root, runRoot: directory });
      const release = await other.lockShared();
      await rejects(store.collect({ wait: true, signal: AbortSignal.timeout(50) }), {});
      const waiting = store.collect({ wait: true });
      setTimeout(release, 50);
      assert.is((await waiting).kind, 'collected');
      await other.close();
    }));

  test('lockExclusive() refuses to wait for its own store', () =>
    withStore(async (store) => {
      const release = await store.lockShared();
      await rejects(store.lockExclusive(), { message: /wait for itself/ });
      release();
    }));
});
