import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../../support/docker-registry.js';
import { type TestRegistry, withRegistry } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

const OPEN = '--tls-verify=false';
const ARM_FEATURES = ['--os-version', '1', '--os-features', 'win32k', '--features', 'sse4'];

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
}

interface List {
  readonly mediaType: string;
  readonly manifests: readonly Entry[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Entry;
}

/** Two images, `amd` and `arm`, of one layer each. */
async function withImages(body: (store: TestStore) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    writeFileSync(join(store.directory, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\nARG TARGETARCH\nLABEL a=$TARGETARCH\n');
    await store.ok(['bud', '-q', '--platform', 'linux/amd64', '-t', 'amd', store.directory]);
    await store.ok(['bud', '-q', '--platform', 'linux/arm64', '-t', 'arm', store.directory]);
    await body(store);
  });
}

async function inspect(store: TestStore, name: string, ...flags: readonly string[]): Promise<List> {
  const { stdout } = await store.ok(['manifest', 'inspect', ...flags, name]);
  assert.is(stdout, `${JSON.stringify(JSON.parse(stdout), null, 4)}\n`);
  return JSON.parse(stdout) as List;
}

function digestOf(store: TestStore, name: string): Promise<string> {
  return store.ok(['images', '--format', '{{.Digest}}', name]).then(({ stdout }) => stdout.trim());
}

function withBoth(body: (store: TestStore, registry: TestRegistry) => Promise<void>): Promise<void> {
  return withRegistry({}, (registry) => withImages((store) => body(store, registry)));
}

suite('manifest', (test) => {
  test('a list is created, added to, annotated, shortened and removed', () =>
    withImages(async (store) => {
      assert.is((await store.tsbuild(['manifest', 'exists', 'list'])).status, 1);
      const created = await store.ok(['manifest', 'create', '--annotation', 'k=v', 'list']);
      assert.match(created.stdout, /^[0-9a-f]{64}\n$/);
      assert.is((await store.tsbuild(['manifest', 'exists', 'list'])).status, 0);
      assert.equal((await inspect(store, 'list')).manifests, []);
      const arm = await digestOf(store, 'arm');
      const added = await store.ok(['manifest', 'add', '--annotation', 'n=1', 'list', 'arm']);
      assert.match(added.stdout, new RegExp(`^[0-9a-f]{64}: ${arm}\n$`));
      await store.ok(['manifest', 'add', 'list', 'amd']);
      await store.ok(['manifest', 'annotate', '--variant', 'v8', ...ARM_FEATURES, '--annotation', 'm=2', 'list', arm]);
      await store.ok(['manifest', 'annotate', '--index', '--annotation', 'x=y', 'list']);
      const list = await inspect(store, 'list');
      assert.is(list.mediaType, 'application/vnd.oci.image.index.v1+json');
      assert.equal(list.annotations, { k: 'v', x: 'y' });
      assert.equal(list.manifests[0]?.annotations, { m: '2', n: '1' });
      const described = {
        architecture: 'arm64',
        os: 'linux',
        variant: 'v8',
        'os.version': '1',
        'os.features': ['win32k'],
        features: ['sse4'],
      };
      assert.equal(list.manifests[0]?.platform, described);
      assert.equal(list.manifests[1]?.platform, { architecture: 'amd64', os: 'linux' });

      await store.ok(['manifest', 'remove', 'list', arm]);
      assert.is((await inspect(store, 'list')).manifests.length, 1);
      const gone = await store.tsbuild(['manifest', 'remove', 'list', arm]);
      assert.is(gone.status, 125);
      assert.match(gone.stderr, /no instance matching digest .* found in manifest list/);
      // What the list was on the way is no image of the store.
      assert.is((await store.ok(['images', '-q'])).stdout.trim().split('\n').length, 3);
      const removed = await store.ok(['manifest', 'rm', 'list']);
      assert.match(removed.stdout, /^untagged: localhost\/list:latest\n[0-9a-f]{64}\n$/);
      assert.is((await store.tsbuild(['manifest', 'exists', 'list'])).status, 1);
      await store.ok(['inspect', '--type', 'image', 'arm']);
    }));

  test('a taken name needs --amend or --replace; what is no list is not changed', () =>
    withImages(async (store) => {
      await store.ok(['manifest', 'create', 'list', 'amd']);
      const taken = await store.tsbuild(['manifest', 'create', 'list']);
      assert.is(taken.status, 125);
      assert.match(taken.stderr, /that name is already in use/);
      await store.ok(['manifest', 'create', '--amend', 'list', 'arm']);
      assert.is((await inspect(store, 'list')).manifests.length, 2);
      await store.ok(['manifest', 'create', '--replace', 'list', 'arm']);
      assert.is((await inspect(store, 'list')).manifests.length, 1);
      for (const args of [
        ['add', 'amd', 'arm'],
        ['rm', 'amd'],
        ['push', 'amd', 'dir:/nowhere'],
        ['create', '--amend', 'amd', 'arm'],
      ]) {
        const refused = await store.tsbuild(['manifest', ...args]);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, /not a manifest list/);
      }
      for (const args of [
        ['add', 'nothing', 'arm'],
        ['rm', 'nothing'],
        ['annotate', '--os', 'x', 'nothing', 'arm'],
      ]) {
        const refused = await store.tsbuild(['manifest', ...args]);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, /image not known/);
      }
      assert.is((await store.tsbuild(['manifest', 'exists', 'amd'])).status, 1);
    }));

  test('images of a registry are added, of a list the one for a platform or all; the list and its images are pushed', () =>
    withBoth(async (store, registry) => {
      await store.ok(['manifest', 'create', 'two', 'amd', 'arm']);
      const file = join(store.directory, 'digest');
      await store.ok(['manifest', 'push', OPEN, '--digestfile', file, 'two', `docker://${registry.host}/two:1`]);
      assert.ok(registry.manifests.has(`two@${readFileSync(file, 'utf8')}`));
      const pushed = await inspect(store, `docker://${registry.host}/two:1`, OPEN);
      assert.equal(pushed, await inspect(store, 'two'));
      await store.ok(['rmi', '--all']);

      await store.ok(['manifest', 'create', OPEN, 'one', `docker://${registry.host}/two:1`]);
      const { architecture } = JSON.parse((await store.ok(['version', '--json'])).stdout) as { architecture?: string };
      assert.is((await inspect(store, 'one')).manifests.length, 1, architecture);
      await store.ok(['manifest', 'create', 'chosen']);
      await store.ok(['manifest', 'add', OPEN, '--arch', 'arm64', '--variant', 'v8', 'chosen', `docker://${registry.host}/two:1`]);
      assert.equal((await inspect(store, 'chosen')).manifests[0]?.platform, { architecture: 'arm64', os: 'linux', variant: 'v8' });
      await store.ok(['manifest', 'create', OPEN, '--all', 'both', `docker://${registry.host}/two:1`]);
      assert.equal((await inspect(store, 'both')).manifests, pushed.manifests);
      await store.ok(['manifest', 'push', OPEN, '--rm', 'both', `docker://${registry.host}/copy:1`]);
      assert.is((await store.tsbuild(['manifest', 'exists', 'both'])).status, 1);
      demand('skopeo');
      for (const arch of ['amd64', 'arm64']) {
        const image = `docker://${registry.host}/copy:1`;
        const { stdout } = await runOk(['skopeo', '--override-arch', arch, 'inspect', '--no-tags', OPEN, image]);
        assert.is((JSON.parse(stdout) as { Labels: { a: string } }).Labels.a, arch);
      }
    }));

  test("push --format v2s2 makes a list of Docker's; --add-compression puts images with other layers beside; --all=false sends the list alone", () =>
    withBoth(async (store, registry) => {
      await store.ok(['manifest', 'create', 'two', 'amd', 'arm']);
      const docker = 'application/vnd.docker.distribution.manifest';
      await store.ok(['manifest', 'push', OPEN, '-f', 'v2s2', 'two', `docker://${registry.host}/docker:1`]);
      const list = await inspect(store, `docker://${registry.host}/docker:1`, OPEN);
      assert.is(list.mediaType, `${docker}.list.v2+json`);
      assert.equal(
        list.manifests.map(({ mediaType }) => mediaType),
        [`${docker}.v2+json`, `${docker}.v2+json`],
      );

      await store.ok(['manifest', 'push', OPEN, '--add-compression', 'gzip', 'two', `docker://${registry.host}/more:1`]);
      const { manifests } = await inspect(store, `docker://${registry.host}/more:1`, OPEN);
      assert.equal(
        manifests.map(({ platform }) => platform?.architecture),
        ['amd64', 'amd64', 'arm64', 'arm64'],
      );
      const layerTypes = manifests.map(({ digest }) => {
        const { layers } = JSON.parse(registry.manifests.get(`more@${digest}`)!.bytes.toString()) as { layers: { mediaType: string }[] };
        return layers.map(({ mediaType }) => mediaType.replace(/^.*tar/, 'tar'));
      });
      assert.equal(layerTypes, [['tar+zstd'], ['tar+gzip'], ['tar+zstd'], ['tar+gzip']]);

      await store.ok(['manifest', 'push', OPEN, '--all=false', 'two', `docker://${registry.host}/alone:1`]);
      assert.ok(registry.manifests.has('alone:1'));
      assert.is([...registry.manifests.keys()].filter((name) => name.startsWith('alone@')).length, 1);
    }));

  test('files are added as an artifact', () =>
    withBoth(async (store, registry) => {
      const file = join(store.directory, 'sbom.json');
      writeFileSync(file, '{"spdx":1}');
      await store.ok(['manifest', 'create', 'list', 'amd']);
      const flags = [
        '--artifact',
        '--artifact-type',
        'application/spdx+json',
        '--artifact-layer-type',
        'text/json',
        '--artifact-subject',
        'amd',
      ];
      await store.ok(['manifest', 'add', ...flags, '--artifact-annotation', 'k=v', 'list', file]);
      const entry = (await inspect(store, 'list')).manifests[1];
      assert.is(entry?.artifactType, 'application/spdx+json');
      await store.ok(['manifest', 'push', OPEN, 'list', `docker://${registry.host}/list:1`]);
      const manifest = JSON.parse(registry.manifests.get(`list@${entry?.digest}`)!.bytes.toString()) as {
        config: Entry;
        layers: readonly Entry[];
        subject: Entry;
        annotations: unknown;
      };
      assert.is(manifest.config.mediaType, 'application/vnd.oci.empty.v1+json');
      assert.is(manifest.subject.digest, await digestOf(store, 'amd'));
      assert.equal(manifest.annotations, { k: 'v' });
      const [layer] = manifest.layers;
      assert.is(layer?.mediaType, 'text/json');
      assert.equal(layer?.annotations, { 'org.opencontainers.image.title': 'sbom.json' });
      assert.is(registry.blobs.get(`list@${layer?.digest}`)?.toString(), '{"spdx":1}');
    }));
});
