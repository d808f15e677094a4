import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { type Descriptor, digestHex, digestOf, encodeJson, OCI_INDEX, parseManifest } from '../../../src/image/index.js';
import type { ProgressEvent } from '../../../src/progress.js';
import type { Store } from '../../../src/store/index.js';
import type { RawManifest, RegistryClient } from '../../../src/transports/index.js';
import { rejects } from '../../support/rejects.js';
import { problemsOf } from '../../support/store-problems.js';
import { suite } from '../../support/suite.js';
import { putSampleImage } from '../store/sample-image.js';
import { withStore } from '../store/with-store.js';
import { copy } from './transport-support.js';

async function withApp(
  body: (store: Store, directory: string, image: Awaited<ReturnType<typeof putSampleImage>>) => Promise<void>,
): Promise<void> {
  await withStore(async (store, directory) => {
    const image = await putSampleImage(store, ['one', 'two']);
    await store.names.publish(['localhost/app:latest'], image.descriptor);
    await body(store, directory, image);
  });
}

/** An image copied into an empty store. */
async function copyBack(from: string, body: (store: Store, digest: string) => Promise<void>): Promise<void> {
  await withStore(async (store) => {
    const { descriptor } = await copy(store, from, 'containers-storage:back');
    assert.is(store.names.resolve('back')?.descriptor.digest, descriptor.digest);
    assert.equal(await problemsOf(store), []);
    await body(store, descriptor.digest);
  });
}

suite('copyImage()', (test) => {
  for (const kind of ['oci', 'oci-archive', 'dir']) {
    test(`${kind}: there and back keeps every byte`, () =>
      withApp(async (store, directory, image) => {
        const place = `${kind}:${join(directory, 'out')}`;
        const { descriptor, imageId } = await copy(store, 'containers-storage:app', place, { preserveDigests: true });
        assert.equal(descriptor, image.descriptor);
        assert.is(imageId, image.imageId);
        await copyBack(place, async (back, digest) => {
          assert.is(digest, image.descriptor.digest);
          for (const diffId of image.diffIds) assert.is(back.layers.get(diffId)?.blobs.length, 1);
        });
      }));
  }

  test('docker-archive: there and back keeps image ID and layers', () =>
    withApp(async (store, directory, image) => {
      const place = `docker-archive:${join(directory, 'out.tar')}`;
      await copy(store, 'containers-storage:app', `${place}:example.com/app:v1`);
      await copyBack(place, async (back) => {
        const found = back.readImage(back.names.resolve('back')!.descriptor);
        assert.is(found.imageId, image.imageId);
        assert.equal(
          found.manifest.layers.map(({ digest }) => digest as string),
          image.diffIds,
        );
      });
      await copyBack(`${place}:example.com/app:v1`, async () => {});
      await copyBack(`${place}:@0`, async () => {});
      await rejects(
        copyBack(`${place}:other:v1`, async () => {}),
        { code: 'IMAGE_NOT_FOUND', message: /other:v1/ },
      );
      await rejects(
        copyBack(`${place}:@1`, async () => {}),
        { code: 'IMAGE_NOT_FOUND' },
      );
      await rejects(copy(store, 'containers-storage:app', place), { code: 'NAME_IN_USE' });
    }));

  for (const [program, suffix] of [
    ['gzip', 'gz'],
    ['zstd', 'zst'],
  ] as const) {
    test(`an archive compressed by ${program} is read`, () =>
      withApp(async (store, directory, image) => {
        for (const kind of ['oci-archive', 'docker-archive']) {
          const file = join(directory, `${kind}.tar`);
          await copy(store, 'containers-storage:app', `${kind}:${file}`);
          const { status } = spawnSync(program, ['-q', '-k', file]);
          if (status !== 0) return;
          await copyBack(`${kind}:${file}.${suffix}`, async (back) => {
            assert.is(back.readImage(back.names.resolve('back')!.descriptor).imageId, image.imageId);
          });
        }
        assert.equal(readdirSync(await store.scratch.dir()), []);
      }));
  }

  test('equal images give equal archives', () =>
    withApp(async (store, directory) => {
      for (const kind of ['oci-archive', 'docker-archive']) {
        for (const number of [1, 2]) await copy(store, 'containers-storage:app', `${kind}:${join(directory, kind + number)}:a:b`);
        assert.ok(readFileSync(join(directory, `${kind}1`)).equals(readFileSync(join(directory, `${kind}2`))), kind);
      }
    }));

  test('format: media types change, config and layers stay', () =>
    withApp(async (store, directory, image) => {
      await copy(store, 'containers-storage:app', `dir:${join(directory, 'docker')}`, { format: 'docker' });
      const manifest = JSON.parse(readFileSync(join(directory, 'docker', 'manifest.json'), 'utf8'));
      assert.is(manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
      assert.is(manifest.config.digest, image.config.digest);
      assert.equal(
        manifest.layers.map((layer: Descriptor) => [layer.digest, layer.mediaType]),
        image.layers.map(({ digest }) => [digest, 'application/vnd.docker.image.rootfs.diff.tar.gzip']),
      );
      // An OCI layout holds OCI manifests only: back again.
      await copy(store, `dir:${join(directory, 'docker')}`, `oci:${join(directory, 'oci')}:app`);
      const index = JSON.parse(readFileSync(join(directory, 'oci', 'index.json'), 'utf8'));
      assert.is(index.manifests[0].digest, image.descriptor.digest);
      await rejects(copy(store, 'containers-storage:app', `oci:${join(directory, 'oci')}`, { format: 'docker' }), { code: 'UNSUPPORTED' });
      await rejects(
        copy(store, 'containers-storage:app', `dir:${join(directory, 'docker')}`, { format: 'docker', preserveDigests: true }),
        {
          code: 'UNSUPPORTED',
        },
      );
    }));

  test('forced compression changes layers, and Docker format has no zstd', () =>
    withApp(async (store, directory, image) => {
      const read = (name: string) => parseManifest(readFileSync(join(directory, name, 'manifest.json')));
      await copy(store, 'containers-storage:app', `dir:${join(directory, 'zstd')}`, { compression: 'zstd', forceCompression: true });
      const zstd = read('zstd');
      assert.equal(
        zstd.layers.map(({ mediaType }) => mediaType),
        Array(2).fill('application/vnd.oci.image.layer.v1.tar+zstd'),
      );
      for (const { digest } of zstd.layers) assert.is(readFileSync(join(directory, 'zstd', digestHex(digest))).readUInt32LE(0), 0xfd2fb528);
      await copy(store, `dir:${join(directory, 'zstd')}`, `dir:${join(directory, 'gzip')}`, { format: 'docker' });
      const gzip = read('gzip');
      assert.equal(
        gzip.layers.map(({ mediaType }) => mediaType),
        Array(2).fill('application/vnd.docker.image.rootfs.diff.tar.gzip'),
      );
      for (const [position, { digest }] of gzip.layers.entries()) {
        assert.is(digestOf(gunzipSync(readFileSync(join(directory, 'gzip', digestHex(digest))))), image.diffIds[position] as string);
      }
      assert.equal(readdirSync(await store.scratch.dir()), []);
    }));

  test('what the destination has is not copied again', () =>
    withApp(async (store, directory) => {
      const events: ProgressEvent[] = [];
      await copy(store, 'containers-storage:app', `oci:${join(directory, 'oci')}:a`);
      await copy(store, 'containers-storage:app', `oci:${join(directory, 'oci')}:b`, { events });
      assert.equal(
        events.map((event) => event.kind === 'transfer' && event.action),
        ['skipped', 'skipped', 'skipped'],
      );
      const index = JSON.parse(readFileSync(join(directory, 'oci', 'index.json'), 'utf8'));
      assert.is(index.manifests.length, 2);
    }));

  test('a name in a layout moves, the older image stays without one', () =>
    withApp(async (store, directory, image) => {
      const other = await putSampleImage(store, ['other']);
      await store.names.publish(['localhost/other:latest'], other.descriptor);
      const place = `oci:${join(directory, 'oci')}:app`;
      await copy(store, 'containers-storage:app', place);
      await copy(store, 'containers-storage:other', place);
      const { manifests } = JSON.parse(readFileSync(join(directory, 'oci', 'index.json'), 'utf8'));
      assert.equal(manifests, [
        image.descriptor,
        { ...other.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'app', 'io.containerd.image.name': 'app' } },
      ]);
      await rejects(copy(store, `oci:${join(directory, 'oci')}`, 'containers-storage:x'), { code: 'IMAGE_NOT_FOUND', message: /several/ });
    }));

  test('a list: one platform is chosen, or all is kept', () =>
    withApp(async (store, directory, image) => {
      const arm = await putSampleImage(store, ['arm']);
      const entries = [
        { ...arm.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
        { ...image.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
      ];
      const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries });
      const list = { mediaType: OCI_INDEX, ...(await store.blobs.putBytes(bytes)) };
      await store.names.publish(['localhost/list:1'], list);
      const one = await copy(store, 'containers-storage:list:1', `oci:${join(directory, 'one')}`);
      assert.is(one.descriptor.digest, image.descriptor.digest);
      const other = await copy(store, 'containers-storage:list:1', `oci:${join(directory, 'arm')}`, {
        platform: { os: 'linux', architecture: 'arm64' },
      });
      assert.is(other.descriptor.digest, arm.descriptor.digest);
      await rejects(
        copy(store, 'containers-storage:list:1', `oci:${join(directory, 'none')}`, { platform: { os: 'linux', architecture: 's390x' } }),
        {
          code: 'IMAGE_NOT_FOUND',
          message: /linux\/s390x/,
        },
      );
      for (const kind of ['oci', 'dir', 'oci-archive']) {
        const place = `${kind}:${join(directory, `all-${kind}`)}`;
        assert.equal((await copy(store, 'containers-storage:list:1', place, { platform: 'all' })).descriptor, list);
        await withStore(async (back) => {
          await copy(back, place, 'containers-storage:list', { platform: 'all' });
          assert.equal(await problemsOf(back), []);
          assert.is(back.imageIds(list).length, 3);
        });
      }
      await rejects(copy(store, 'containers-storage:list:1', `docker-archive:${join(directory, 'x.tar')}`, { platform: 'all' }), {
        code: 'UNSUPPORTED',
      });
    }));

  test('a registry is asked for blobs that another of its repositories is likely to have, and no other registry', () =>
    withApp(async (store, _directory, image) => {
      const registry = fakeRegistry();
      for (const name of ['example.com/team/old:1', 'example.com/team/app:0', 'other.example/team/else:1', 'localhost/mine:1'])
        await store.names.publish([name], image.descriptor);
      await copy(store, 'containers-storage:app', 'docker://example.com/team/app:v1', { registry: () => registry.client });
      const asked = registry.log.filter((line) => line.startsWith('mount '));
      assert.is(asked.length, registry.log.filter((line) => line.startsWith('blob ')).length);
      assert.ok(
        asked.every((line) => line === 'mount team/app team/old false'),
        registry.log.join('\n'),
      );
    }));

  test('a registry: blobs go first, the tag last', () =>
    withApp(async (store, directory, image) => {
      const registry = fakeRegistry();
      await copy(store, 'containers-storage:app', 'docker://example.com/team/app:v1', { registry: () => registry.client });
      assert.equal(registry.log.at(-1), `manifest team/app v1 ${image.descriptor.digest}`);
      assert.is(registry.log.length, 4);
      await copyBackFrom(registry.client, 'docker://example.com/team/app:v1', image.descriptor.digest);
      await copyBackFrom(registry.client, `docker://example.com/team/app@${image.descriptor.digest}`, image.descriptor.digest);
      assert.not(existsSync(join(directory, 'x')));
    }));

  test('every damaged byte is refused and the name stays', () =>
    withApp(async (store, directory, image) => {
      const layout = join(directory, 'oci');
      await copy(store, 'containers-storage:app', `oci:${layout}:app`);
      for (const { digest } of [image.descriptor, image.config, ...image.layers]) {
        const file = join(layout, 'blobs', 'sha256', digestHex(digest));
        const whole = readFileSync(file);
        for (const damaged of [flipped(whole), whole.subarray(0, -1), Buffer.concat([whole, Buffer.alloc(1)])]) {
          writeFileSync(file, damaged);
          await withStore(async (back) => {
            const old = await putSampleImage(back, ['old']);
            await back.names.publish(['localhost/app:latest'], old.descriptor);
            const error = await rejects(copy(back, `oci:${layout}:app`, 'containers-storage:app'), {});
            assert.ok(['DIGEST_MISMATCH', 'SIZE_MISMATCH'].includes(error.code ?? ''), `${error.code}: ${error.message}`);
            assert.is(back.names.resolve('app')?.descriptor.digest, old.descriptor.digest);
            assert.equal(await problemsOf(back), []);
          });
        }
        writeFileSync(file, whole);
      }
    }));

  test('a layer that is not the one its config promises is refused when it is recompressed', () =>
    withApp(async (store, directory, image) => {
      const other = await putSampleImage(store, ['another']);
      const { manifest } = store.readImage(image.descriptor);
      const lying = { ...manifest, layers: [other.layers[0], manifest.layers[1]] };
      const descriptor = { mediaType: image.descriptor.mediaType, ...(await store.blobs.putBytes(encodeJson(lying))) };
      await store.names.publish(['localhost/lying:1'], descriptor);
      const target = join(directory, 'x.tar');
      await rejects(copy(store, 'containers-storage:lying:1', `docker-archive:${target}`), { code: 'DIGEST_MISMATCH' });
      assert.not(existsSync(target));
      assert.equal(
        readdirSync(directory).filter((name) => name.endsWith('.tmp')),
        [],
      );
      assert.equal(readdirSync(await store.scratch.dir()), []);
    }));

  test('cancelling leaves no name and no temporary file', () =>
    withApp(async (store, directory) => {
      await rejects(copy(store, 'containers-storage:app', `oci:${join(directory, 'oci')}:a`, { signal: AbortSignal.abort() }), {});
      assert.not(existsSync(join(directory, 'oci', 'index.json')));
    }));

  test('a destination that cannot be written is named, with the reason', () =>
    withApp(async (store, directory) => {
      writeFileSync(join(directory, 'file'), 'x');
      for (const kind of ['oci', 'oci-archive', 'docker-archive']) {
        await rejects(copy(store, 'containers-storage:app', `${kind}:${join(directory, 'file', 'out')}`), {
          code: 'SYSTEM',
          message: /Cannot write ".*file\/out.*not a directory/,
        });
      }
      await rejects(copy(store, 'containers-storage:app', `oci-archive:${join(directory, 'missing', 'out')}`), {
        message: /its directory does not exist/,
      });
    }));

  test('dir: never empties a directory that is not its own', () =>
    withApp(async (store, directory) => {
      const target = join(directory, 'precious');
      await copy(store, 'containers-storage:app', `dir:${target}`);
      await copy(store, 'containers-storage:app', `dir:${target}`);
      writeFileSync(join(target, 'version'), 'something else');
      await rejects(copy(store, 'containers-storage:app', `dir:${target}`), {
        code: 'NAME_IN_USE',
        message: /not a containers image directory/,
      });
    }));
});

async function copyBackFrom(client: RegistryClient, from: string, digest: string): Promise<void> {
  await withStore(async (back) => {
    const result = await copy(back, from, 'containers-storage:back', { registry: () => client });
    assert.is(result.descriptor.digest, digest);
    assert.equal(await problemsOf(back), []);
  });
}

function flipped(bytes: Buffer): Buffer {
  const copyOf = Buffer.from(bytes);
  const middle = Math.floor(copyOf.length / 2);
  copyOf[middle] = (copyOf[middle] ?? 0) ^ 1;
  return copyOf;
}

/** A registry in memory. */
function fakeRegistry(): { readonly client: RegistryClient; readonly log: string[] } {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, RawManifest>();
  const log: string[] = [];
  const client: RegistryClient = {
    async fetchManifest(_repository, reference) {
      const found = manifests.get(reference);
      if (found === undefined) throw new Error(`no manifest ${reference}`);
      return found;
    },
    async *fetchBlob(_repository, { digest }) {
      const found = blobs.get(digest);
      if (found === undefined) throw new Error(`no blob ${digest}`);
      yield found;
    },
    hasBlob: async (_repository, { digest }) => blobs.has(digest),
    async mountBlob(repository, { digest }, source) {
      log.push(`mount ${repository} ${source} ${blobs.has(digest)}`);
      return false;
    },
    async uploadBlob(repository, { digest }, open) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of open()) chunks.push(chunk);
      blobs.set(digest, Buffer.concat(chunks));
      log.push(`blob ${repository} ${digest}`);
    },
    async uploadManifest(repository, reference, manifest) {
      manifests.set(reference, manifest);
      manifests.set(manifest.digest, manifest);
      log.push(`manifest ${repository} ${reference} ${manifest.digest}`);
    },
  };
  return { client, log };
}
