import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import {
  buildManifest,
  type Descriptor,
  type DiffId,
  digestOf,
  emptyConfig,
  encodeImageConfig,
  encodeJson,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
} from '../../src/image/index.js';
import { openRegistry, type Registry, type RegistryCredentials } from '../../src/registry/index.js';
import { type DockerRegistry, demand, withDockerRegistry } from '../support/docker-registry.js';
import { ADA, withPasswordedRegistry } from '../support/registry-with-password.js';
import { rejects } from '../support/rejects.js';
import { suite } from '../support/suite.js';

const MISSING = { mediaType: OCI_LAYER, digest: digestOf('nobody has this'), size: 15 };

interface ClientOptions {
  readonly insecure?: boolean;
  readonly ca?: readonly string[];
  readonly password?: string;
}

async function withClient<T>(server: DockerRegistry, options: ClientOptions, body: (client: Registry) => Promise<T>): Promise<T> {
  const { password, ...rest } = options;
  const found: RegistryCredentials | undefined = password === undefined ? undefined : { kind: 'password', username: ADA.name, password };
  const client = openRegistry({ host: server.host, credentials: async () => found, retry: { retries: 1, delayMs: 10 }, ...rest });
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A small image whose one layer is noise: enough for registries, which do not look inside. */
function sampleImage() {
  const layer = randomBytes(3 * 1024 * 1024);
  const rootfs = { type: 'layers' as const, diff_ids: [digestOf(layer) as string as DiffId] };
  const config = Buffer.from(encodeImageConfig({ ...emptyConfig({ os: 'linux', architecture: 'amd64' }), rootfs, history: [{}] }));
  const describe = (mediaType: string, bytes: Uint8Array): Descriptor => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const blobs = [
    { descriptor: describe(OCI_LAYER, layer), bytes: layer },
    { descriptor: describe(OCI_CONFIG, config), bytes: config },
  ] as const;
  const bytes = encodeJson(buildManifest(blobs[1].descriptor, [blobs[0].descriptor], 'oci'));
  return { blobs, manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) } };
}

async function push(client: Registry, repository: string, tag: string): Promise<ReturnType<typeof sampleImage>> {
  const image = sampleImage();
  await Promise.all(image.blobs.map(({ descriptor, bytes }) => client.uploadBlob(repository, descriptor, () => inPieces(bytes))));
  await client.uploadManifest(repository, tag, image.manifest);
  return image;
}

suite("integration/registry: Debian's docker-registry", (test) => {
  test('what is pushed over plain http comes back by tag and by digest', async () => {
    await withDockerRegistry({}, (server) =>
      withClient(server, { insecure: true }, async (client) => {
        const { blobs, manifest } = await push(client, 'team/app', '1');
        for (const reference of ['1', manifest.digest]) {
          const found = await client.fetchManifest('team/app', reference);
          assert.equal(Buffer.from(found.bytes), Buffer.from(manifest.bytes));
          assert.is(found.mediaType, OCI_MANIFEST);
          assert.is(found.digest, manifest.digest);
        }
        for (const { descriptor, bytes } of blobs) {
          assert.ok(await client.hasBlob('team/app', descriptor));
          assert.ok((await gather(client.fetchBlob('team/app', descriptor))).equals(bytes));
        }
      }),
    );
  });

  test('a blob of one repository is mounted in another', async () => {
    await withDockerRegistry({}, (server) =>
      withClient(server, { insecure: true }, async (client) => {
        const { blobs } = await push(client, 'one', 'x');
        const { descriptor } = blobs[0];
        assert.not.ok(await client.hasBlob('two', descriptor));
        assert.ok(await client.mountBlob('two', descriptor, 'one'));
        assert.ok(await client.hasBlob('two', descriptor));
        assert.not.ok(await client.mountBlob('two', MISSING, 'one'));
      }),
    );
  });

  test('tags are listed, and what is missing is said to be missing', async () => {
    await withDockerRegistry({}, (server) =>
      withClient(server, { insecure: true }, async (client) => {
        const { manifest } = await push(client, 'app', '1');
        await client.uploadManifest('app', 'latest', manifest);
        assert.equal([...(await client.listTags('app'))].sort(), ['1', 'latest']);
        await rejects(client.listTags('other'), { code: 'REGISTRY_ERROR', message: /404 NAME_UNKNOWN/ });
        await rejects(client.fetchManifest('app', '2'), {
          code: 'REGISTRY_ERROR',
          message: /Cannot read .*\/app:2: .*404 MANIFEST_UNKNOWN: manifest unknown/,
        });
        await rejects(gather(client.fetchBlob('app', MISSING)), { code: 'REGISTRY_ERROR', message: /404 BLOB_UNKNOWN/ });
      }),
    );
  });

  test('bytes that are not those of the descriptor are refused by the registry', async () => {
    await withDockerRegistry({}, (server) =>
      withClient(server, { insecure: true }, async (client) => {
        const work = client.uploadBlob('app', MISSING, () => inPieces(Buffer.from('somebody has it')));
        await rejects(work, { code: 'REGISTRY_ERROR', message: /DIGEST_INVALID/ });
        assert.not.ok(await client.hasBlob('app', MISSING));
      }),
    );
  });

  test('plain http is refused unless it was allowed', async () => {
    await withDockerRegistry({}, (server) =>
      withClient(server, {}, async (client) => {
        const error = await rejects(client.listTags('app'), { code: 'REGISTRY_ERROR', message: /does not speak TLS/ });
        assert.match((error as { hint?: string }).hint ?? '', '--tls-verify=false');
      }),
    );
  });

  test('over TLS: trusted with its authority, unverified on demand, refused otherwise', async () => {
    await withDockerRegistry({ tls: true, user: ADA }, async (server) => {
      const error = await withClient(server, { password: ADA.password }, (client) =>
        rejects(client.listTags('app'), { code: 'REGISTRY_ERROR', message: /certificate .*x509/ }),
      );
      assert.match((error as { hint?: string }).hint ?? '', /SSL_CERT_FILE.*--tls-verify=false/);
      for (const trust of [{ ca: [server.ca] }, { insecure: true }]) {
        await withClient(server, { ...trust, password: ADA.password }, async (client) => {
          const { manifest } = await push(client, 'app', '1');
          assert.is((await client.fetchManifest('app', '1')).digest, manifest.digest);
        });
      }
    });
  });

  test('a password is demanded, and the right one', async () => {
    await withDockerRegistry({ tls: true, user: ADA }, async (server) => {
      const nobody = await withClient(server, { ca: [server.ca] }, (client) =>
        rejects(client.fetchManifest('app', '1'), {
          code: 'REGISTRY_ERROR',
          message: /there are no credentials for it \(401 UNAUTHORIZED/,
        }),
      );
      assert.match((nobody as { hint?: string }).hint ?? '', /--creds .*auth\.json/);
      const error = await withClient(server, { ca: [server.ca], password: 'guess-17' }, (client) =>
        rejects(client.fetchManifest('app', '1'), { code: 'REGISTRY_ERROR', message: /does not accept the credentials of user "ada"/ }),
      );
      assert.not.match(error.message, 'guess-17');
    });
  });

  test('skopeo reads what was pushed', async () => {
    demand('skopeo');
    await withDockerRegistry({ tls: true, user: ADA }, (server) =>
      withClient(server, { ca: [server.ca], password: ADA.password }, async (client) => {
        const { manifest } = await push(client, 'app', '1');
        const args = ['inspect', '--raw', '--tls-verify=false', '--creds', `${ADA.name}:${ADA.password}`, `docker://${server.host}/app:1`];
        const { stdout } = await promisify(execFile)('skopeo', args);
        assert.is(digestOf(stdout), manifest.digest);
      }),
    );
  });

  test('push and pull trust the authority in --cert-dir', async () => {
    await withPasswordedRegistry(async ({ host, store, certDir }) => {
      const access = ['--creds', `${ADA.name}:${ADA.password}`];
      const refused = await store.tsbuild(['push', ...access, 'app', `docker://${host}/app:1`]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /--cert-dir/);
      await store.ok(['push', ...access, '--cert-dir', certDir, 'app', `docker://${host}/app:1`]);
      await store.ok(['pull', ...access, '--cert-dir', certDir, `docker://${host}/app:1`]);
    });
  });
});
