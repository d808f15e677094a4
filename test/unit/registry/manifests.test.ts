import * as assert from 'uvu/assert';
import { openRegistry, type RegistryError } from '../../../src/registry/index.js';
import { sha256, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { OCI_MANIFEST, openClient, sampleManifest } from './open-client.js';

suite('fetchManifest()', (test) => {
  test('gives bytes, type and digest by tag and by digest', async () => {
    await withRegistry({}, async (registry) => {
      const bytes = sampleManifest();
      const digest = registry.addManifest('team/app', '1', bytes, OCI_MANIFEST);
      const client = openClient(registry);
      const expected = { bytes, mediaType: OCI_MANIFEST, digest };
      assert.equal(await client.fetchManifest('team/app', '1'), expected);
      assert.equal(await client.fetchManifest('team/app', digest), expected);
      assert.match(registry.requests.at(-1)?.headers.accept ?? '', /vnd\.oci\.image\.index\.v1\+json/);
    });
  });

  test('refuses other bytes than the digest asked for', async () => {
    const digest = sha256(sampleManifest());
    const other = sampleManifest('other');
    const fault = ({ path }: { path: string }) =>
      path.includes('/manifests/')
        ? ({ kind: 'answer', status: 200, headers: { 'content-type': OCI_MANIFEST }, body: other } as const)
        : undefined;
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).fetchManifest('app', digest), { code: 'DIGEST_MISMATCH', message: new RegExp(digest) });
    });
  });

  test('computes the digest of a tag itself', async () => {
    const bytes = sampleManifest();
    const headers = { 'content-type': OCI_MANIFEST, 'docker-content-digest': sha256('lie') };
    const fault = ({ path }: { path: string }) =>
      path.includes('/manifests/') ? ({ kind: 'answer', status: 200, headers, body: bytes } as const) : undefined;
    await withRegistry({ fault }, async (registry) => {
      assert.is((await openClient(registry).fetchManifest('app', '1')).digest, sha256(bytes));
    });
  });

  const bodies: readonly [title: string, contentType: string, body: string][] = [
    ['a declared type that the body contradicts', 'application/vnd.oci.image.index.v1+json', sampleManifest().toString()],
    ['members of a manifest and of an index', OCI_MANIFEST, sampleManifest().toString().replace('{', '{"manifests":[],')],
    ['a key that occurs twice', OCI_MANIFEST, sampleManifest().toString().replace('{', '{"layers":[],')],
    ['schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws', '{"schemaVersion":1,"fsLayers":[],"history":[]}'],
    ['null', OCI_MANIFEST, 'null'],
    ['HTML', 'text/html', '<html>'],
  ];
  for (const [title, contentType, body] of bodies) {
    test(`refuses ${title}`, async () => {
      await withRegistry({}, async (registry) => {
        registry.addManifest('app', '1', Buffer.from(body), contentType);
        await rejects(openClient(registry).fetchManifest('app', '1'), {
          code: 'MANIFEST_INVALID',
          message: /manifest of 127\.0\.0\.1:.*app:1/,
        });
      });
    });
  }

  test('stops reading a manifest without end', async () => {
    const fault = ({ path }: { path: string }) => (path.includes('/manifests/') ? ({ kind: 'endless' } as const) : undefined);
    await withRegistry({ fault }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await rejects(openClient(registry).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR', message: /more than the 4194304 bytes/ });
    });
  });

  test('stops reading an error without end', async () => {
    const fault = ({ path }: { path: string }) => (path.includes('/manifests/') ? ({ kind: 'endless' } as const) : undefined);
    await withRegistry({ fault }, async (registry) => {
      const error = (await rejects(openClient(registry).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR' })) as RegistryError;
      assert.is(error.status, 404);
    });
  });

  test('a missing image is said as such', async () => {
    await withRegistry({}, async (registry) => {
      const error = (await rejects(openClient(registry).fetchManifest('app', 'nope'), { code: 'REGISTRY_ERROR' })) as RegistryError;
      assert.is(
        error.message,
        `Cannot read ${registry.host}/app:nope: the registry has no such image (404 MANIFEST_UNKNOWN: manifest unknown)`,
      );
      assert.equal(error.diagnostics, [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }]);
      assert.is(error.retryable, false);
    });
  });

  test('a broken transfer and busy answers are tried again', async () => {
    const faults = [
      { kind: 'reset' } as const,
      { kind: 'break', bytes: 10 } as const,
      { kind: 'answer', status: 429, headers: { 'retry-after': '0' } } as const,
    ];
    const fault = ({ path }: { path: string }) => (path.includes('/manifests/') ? faults.shift() : undefined);
    await withRegistry({ fault }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await openClient(registry).fetchManifest('app', '1');
      assert.is(registry.count('GET', /manifests/), 4);
    });
  });

  test('an answer of 500 is not tried again', async () => {
    const fault = ({ path }: { path: string }) => (path.includes('/manifests/') ? ({ kind: 'answer', status: 500 } as const) : undefined);
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).fetchManifest('app', '1'), { message: /answered 500/ });
      assert.is(registry.count('GET', /manifests/), 1);
    });
  });

  for (const [repository, reference] of [
    ['../app', '1'],
    ['app', '../../blobs'],
    ['app', '1?x=y'],
    ['app', 'sha256:../../etc'],
    ['app', ''],
    ['App', '1'],
    ['a?b', '1'],
  ] as const) {
    test(`sends nothing for ${repository} ${reference}`, async () => {
      await withRegistry({}, async (registry) => {
        await rejects(openClient(registry).fetchManifest(repository, reference), { code: 'REFERENCE_SYNTAX' });
        assert.is(registry.requests.length, 0);
      });
    });
  }

  test('a registry that is not there is named', async () => {
    const client = openRegistry({ host: '127.0.0.1:1', retry: { retries: 3, delayMs: 60_000 } });
    await rejects(client.fetchManifest('app', '1'), {
      code: 'REGISTRY_ERROR',
      message: /Cannot read 127\.0\.0\.1:1\/app:1: nothing accepts connections/,
    });
  });

  test('is aborted by its signal', async () => {
    const controller = new AbortController();
    const fault = ({ path }: { path: string }) => {
      if (path.includes('/manifests/')) controller.abort(new Error('enough'));
      return undefined;
    };
    await withRegistry({ fault }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await rejects(openClient(registry).fetchManifest('app', '1', { signal: controller.signal }), { message: /enough/ });
    });
  });

  test('is aborted while the body comes', async () => {
    const controller = new AbortController();
    const fault = ({ path }: { path: string }) => {
      if (!path.includes('/manifests/')) return undefined;
      setTimeout(() => controller.abort(new Error('enough')), 5);
      return { kind: 'stall', bytes: 10 } as const;
    };
    await withRegistry({ fault }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await rejects(openClient(registry).fetchManifest('app', '1', { signal: controller.signal }), { message: /enough/ });
    });
  });

  test('reports a warning once', async () => {
    const headers = { 'content-type': OCI_MANIFEST, warning: ['299 - "gone \\"soon\\""', '199 - "other"'] };
    const fault = ({ path }: { path: string }) =>
      path.includes('/manifests/') ? ({ kind: 'answer', status: 200, headers, body: sampleManifest() } as const) : undefined;
    const heard: string[] = [];
    await withRegistry({ fault }, async (registry) => {
      const client = openClient(registry, { onWarning: (text) => heard.push(text) });
      await client.fetchManifest('app', '1');
      await client.fetchManifest('app', '1');
      assert.equal(heard, [`${registry.host}: gone "soon"`]);
    });
  });
});

suite('uploadManifest()', (test) => {
  test('stores the bytes under a tag and under a digest', async () => {
    await withRegistry({}, async (registry) => {
      const bytes = sampleManifest();
      const digest = sha256(bytes) as never;
      const client = openClient(registry);
      await client.uploadManifest('app', '1', { bytes, mediaType: OCI_MANIFEST, digest });
      await client.uploadManifest('app', digest, { bytes, mediaType: OCI_MANIFEST, digest });
      assert.equal(registry.manifests.get('app:1'), { bytes, mediaType: OCI_MANIFEST });
      assert.equal(registry.manifests.get(`app@${digest}`), { bytes, mediaType: OCI_MANIFEST });
    });
  });
  test('tells what the registry has against it', async () => {
    const body = '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}';
    const fault = ({ method }: { method: string }) => (method === 'PUT' ? ({ kind: 'answer', status: 400, body } as const) : undefined);
    await withRegistry({ fault }, async (registry) => {
      const bytes = sampleManifest();
      const failing = openClient(registry).uploadManifest('app', '1', { bytes, mediaType: OCI_MANIFEST, digest: sha256(bytes) as never });
      await rejects(failing, { code: 'REGISTRY_ERROR', message: /Cannot write .*app:1: .*400 MANIFEST_BLOB_UNKNOWN: blob unknown/ });
    });
  });
});
