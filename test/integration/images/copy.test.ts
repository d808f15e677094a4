import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand, withDockerRegistry } from '../../support/docker-registry.js';
import { sha256, withRegistry } from '../../support/registry.js';
import { skip, suite } from '../../support/suite.js';
import { runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

const KINDS = ['dir', 'oci', 'oci-archive', 'docker-archive', 'docker'] as const;
type Kind = (typeof KINDS)[number];

const OPEN = ['--src-tls-verify=false', '--dest-tls-verify=false'];
const isRoot = process.getuid?.() === 0;

async function withLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  demand('skopeo');
  await withDockerRegistry({}, ({ host }) =>
    withTestStore(async (store) => {
      writeFileSync(join(store.directory, 'one'), 'one\n');
      writeFileSync(
        join(store.directory, 'Containerfile'),
        'FROM scratch\nCOPY one /\nCOPY one /two\nARG TARGETARCH\nLABEL a=$TARGETARCH\n',
      );
      await body(new Lab(store, host));
    }),
  );
}

class Lab {
  #made = 0;

  constructor(
    readonly store: TestStore,
    readonly host: string,
  ) {}

  /** A place where nothing is yet. */
  place(kind: Kind): string {
    const name = `p${this.#made++}`;
    const path = join(this.store.directory, name);
    switch (kind) {
      case 'dir':
        return `dir:${path}`;
      case 'docker':
        return `docker://${this.host}/${name}:1`;
      case 'docker-archive':
        return `docker-archive:${path}:example.com/app:1`;
      default:
        return `${kind}:${path}:ref`;
    }
  }

  build(format: 'oci' | 'docker', compression: 'gzip' | 'zstd' | 'none' = 'gzip'): Promise<unknown> {
    const args = ['--format', format, '--compression-format', compression];
    return this.store.ok(['bud', '-q', ...args, '--platform', 'linux/amd64', '-t', 'app', this.store.directory]);
  }

  async skopeo(...args: readonly string[]): Promise<string> {
    return (await runOk(['skopeo', '--insecure-policy', ...args])).stdout;
  }

  async skopeoCopy(source: string, destination: string, ...flags: readonly string[]): Promise<void> {
    await this.skopeo('copy', '-q', ...OPEN, ...flags, source, destination);
  }

  copy(source: string, destination: string, ...flags: readonly string[]): Promise<unknown> {
    return this.store.ok(['image', 'copy', '-q', ...OPEN, ...flags, source, destination]);
  }

  /** The manifest as skopeo reads it, and the configuration. */
  async read(place: string): Promise<{ readonly digest: string; readonly manifest: Manifest; readonly config: string }> {
    const open = place.startsWith('docker://') ? ['--tls-verify=false'] : [];
    const raw = await this.skopeo('inspect', '--raw', ...open, place);
    const config = await this.skopeo('inspect', '--config', '--raw', ...open, place);
    return { digest: sha256(raw), manifest: JSON.parse(raw) as Manifest, config };
  }
}

interface Manifest {
  readonly mediaType: string;
  readonly manifests?: readonly { readonly digest: string; readonly mediaType: string }[];
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[];
}

/** Those that keep the manifest of an image in this format as it is. */
function keepsManifest(kind: Kind, format: 'oci' | 'docker'): boolean {
  return kind === 'dir' || kind === 'docker' || (format === 'oci' && kind !== 'docker-archive');
}

function diffIds(config: string): readonly string[] {
  return (JSON.parse(config) as { rootfs: { diff_ids: readonly string[] } }).rootfs.diff_ids;
}

suite('image copy', (test) => {
  for (const format of ['oci', 'docker'] as const) {
    test(`what skopeo wrote from an image in ${format} format is copied from every transport to every other, and skopeo reads it`, () =>
      withLab(async (lab) => {
        if (!isRoot) skip('the pairs of transports do not differ between users; root goes through them');
        await lab.build(format);
        const first = lab.place('dir');
        await lab.copy('containers-storage:app', first);
        const expected = await lab.read(first);
        for (const from of KINDS) {
          const source = lab.place(from);
          await lab.skopeoCopy(first, source);
          const written = await lab.read(source);
          const sourceFormat = written.manifest.mediaType?.includes('docker') ? 'docker' : 'oci';
          for (const to of KINDS) {
            const pair = `${from} to ${to}`;
            const destination = lab.place(to);
            await lab.copy(source, destination);
            const copied = await lab.read(destination);
            // skopeo rewrites a configuration of Docker's for a layout; here the bytes stay, and with them the image's ID.
            assert.is(copied.config, written.config, pair);
            // An archive of Docker's has no manifest: whoever reads it makes one.
            const isKept = keepsManifest(to, sourceFormat) && from !== 'docker-archive';
            if (isKept) assert.is(copied.digest, written.digest, pair);
            if (format === 'docker') continue;
            const back = lab.place('docker-archive');
            await lab.skopeoCopy(destination, back);
            assert.equal(diffIds((await lab.read(back)).config), diffIds(expected.config), `${pair}, its layers`);
          }
        }
      }));
  }

  test('an image goes through every transport into the store and out again, and is the same', () =>
    withLab(async (lab) => {
      await lab.build('oci');
      const { stdout: id } = await lab.store.ok(['images', '-q', '--no-trunc', 'app']);
      for (const kind of KINDS) {
        const place = lab.place(kind);
        await lab.copy('containers-storage:app', place);
        await lab.copy(place, `containers-storage:from-${kind}`);
        assert.is((await lab.store.ok(['images', '-q', '--no-trunc', `from-${kind}`])).stdout, id, kind);
      }
      assert.match((await lab.store.ok(['system', 'check'])).stdout, /all is well/);
    }));

  test('a list keeps its bytes wherever lists are kept, its images too; one of it is chosen for a platform', () =>
    withLab(async (lab) => {
      const platforms = ['--platform', 'linux/amd64,linux/arm64'];
      await lab.store.ok(['bud', '-q', '--compression-format', 'gzip', ...platforms, '-t', 'two', lab.store.directory]);
      const first = lab.place('docker');
      await lab.copy('containers-storage:two', first, '--all');
      const expected = await lab.skopeo('inspect', '--raw', '--tls-verify=false', first);
      for (const kind of ['dir', 'oci', 'oci-archive', 'docker'] as const) {
        const ours = lab.place(kind);
        await lab.copy(first, ours, '--all', '--preserve-digests');
        assert.is(await lab.skopeo('inspect', '--raw', ...(kind === 'docker' ? ['--tls-verify=false'] : []), ours), expected, kind);
        const theirs = lab.place(kind);
        await lab.skopeoCopy(ours, theirs, '--all');
        const again = lab.place('docker');
        await lab.copy(theirs, again, '--multi-arch', 'all');
        assert.is(await lab.skopeo('inspect', '--raw', '--tls-verify=false', again), expected, `${kind} by skopeo`);
        const arm = lab.place('dir');
        await lab.copy(theirs, arm, '--override-arch', 'arm64');
        assert.is((JSON.parse((await lab.read(arm)).config) as { architecture: string }).architecture, 'arm64');
      }
      const refused = await lab.store.tsbuild(['image', 'copy', ...OPEN, '--all', first, lab.place('docker-archive')]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /Cannot write a list of images/);
    }));

  test("a list of Docker's becomes an index where only that is kept, and an index a list by --format", () =>
    withLab(async (lab) => {
      const platforms = ['--platform', 'linux/amd64,linux/arm64'];
      await lab.store.ok(['bud', '-q', '--format', 'docker', ...platforms, '-t', 'two', lab.store.directory]);
      const layout = lab.place('oci');
      await lab.copy('containers-storage:two', layout, '--all');
      const index = JSON.parse(await lab.skopeo('inspect', '--raw', layout)) as Manifest;
      assert.is(index.mediaType, 'application/vnd.oci.image.index.v1+json');
      assert.equal(
        index.manifests?.map(({ mediaType }) => mediaType),
        Array(2).fill('application/vnd.oci.image.manifest.v1+json'),
      );
      const docker = lab.place('dir');
      await lab.copy(layout, docker, '--all', '--format', 'v2s2');
      const list = JSON.parse(await lab.skopeo('inspect', '--raw', docker)) as Manifest;
      assert.is(list.mediaType, 'application/vnd.docker.distribution.manifest.list.v2+json');
      await lab.skopeoCopy(docker, lab.place('docker'), '--all');
      const refused = await lab.store.tsbuild(['image', 'copy', '--all', '--preserve-digests', docker, lab.place('oci')]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /without changing its digest/);
    }));

  test('compression, format, names and blobs are written as the flags say', () =>
    withLab(async (lab) => {
      await lab.build('oci', 'none');
      const typesIn = async (place: string): Promise<readonly string[]> =>
        ((await lab.read(place)).manifest.layers ?? []).map(({ mediaType }) => mediaType.replace(/^.*\.(?=tar)/, ''));
      const copied = async (kind: Kind, ...flags: readonly string[]): Promise<readonly string[]> => {
        const place = lab.place(kind);
        await lab.copy('containers-storage:app', place, ...flags);
        return typesIn(place);
      };
      assert.equal(await copied('dir'), ['tar', 'tar']);
      assert.equal(await copied('dir', '--dest-compress'), ['tar+gzip', 'tar+gzip']);
      assert.equal(await copied('oci', '--dest-compress-format', 'zstd', '--dest-compress-level', '5'), ['tar+zstd', 'tar+zstd']);
      assert.equal(await copied('oci', '--dest-oci-accept-uncompressed-layers'), ['tar', 'tar']);
      assert.equal(await copied('docker', '--format', 'v2s2'), ['tar.gzip', 'tar.gzip']);

      const archive = lab.place('docker-archive');
      await lab.copy('containers-storage:app', archive, '--additional-tag', 'example.com/app:2', '--additional-tag', 'example.com/b:3');
      const tags = await lab.skopeo('list-tags', archive.replace(/:example.*$/, ''));
      assert.equal((JSON.parse(tags) as { Tags: string[] }).Tags, ['example.com/app:1', 'example.com/app:2', 'example.com/b:3']);

      const shared = join(lab.store.directory, 'shared');
      const layout = lab.place('oci');
      await lab.copy('containers-storage:app', layout, '--dest-shared-blob-dir', shared);
      assert.is(readdirSync(join(shared, 'sha256')).length, 4);
      const back = lab.place('dir');
      await lab.skopeoCopy(layout, back, '--src-shared-blob-dir', shared);
      await lab.copy(layout, 'containers-storage:shared', '--src-shared-blob-dir', shared);

      const file = join(lab.store.directory, 'digest');
      const pushed = lab.place('docker');
      await lab.copy(layout, pushed, '--src-shared-blob-dir', shared, '--digestfile', file);
      assert.is(readFileSync(file, 'utf8'), (await lab.read(pushed)).digest);
    }));

  test('what cannot be meant, or cannot be had, is refused before anything is written', () =>
    withLab(async (lab) => {
      await lab.build('oci', 'zstd');
      const target = join(lab.store.directory, 'target');
      const refuse = async (args: readonly string[], pattern: RegExp): Promise<void> => {
        const { status, stderr } = await lab.store.tsbuild(['image', 'copy', ...OPEN, ...args]);
        assert.is(status, 125, args.join(' '));
        assert.match(stderr, pattern);
        assert.not.ok(readdirSync(lab.store.directory).includes('target'), args.join(' '));
      };
      const app = 'containers-storage:app';
      await refuse(['app', `dir:${target}`], /Invalid source name app/);
      await refuse([app, 'target'], /Invalid destination name target/);
      await refuse([app], /exactly two arguments expected/);
      await refuse(['containers-storage:nothing', `dir:${target}`], /image not known/);
      await refuse([app, `docker-daemon:${target}:1`], /transport "docker-daemon"/);
      await refuse(['--all', '--multi-arch', 'all', app, `dir:${target}`], /--all and --multi-arch/);
      await refuse(['--format', 'v2s1', app, `dir:${target}`], /schema 1/);
      await refuse(['--preserve-digests', app, `docker-archive:${target}:a/b:1`], /without changing its digest/);
      await refuse(['--sign-by-sigstore', 'me', app, `dir:${target}`], /not supported by tsbuild: --sign-by-sigstore/);
      await refuse(['--dest-compress', app, `oci:${target}`], /only be used when the destination is dir:/);
      await refuse([app, `docker://${lab.host}/app@sha256:${'0'.repeat(64)}`], /the digest of the image is/);
    }));

  test('each side has credentials of its own', async () => {
    const account = (username: string) => ({ auth: { kind: 'basic', username, password: 'p' } }) as const;
    await withRegistry(account('ada'), (one) =>
      withRegistry(account('eve'), (other) =>
        withTestStore(async (store) => {
          writeFileSync(join(store.directory, 'Containerfile'), 'FROM scratch\nLABEL a=b\n');
          await store.ok(['bud', '-q', '-t', 'app', store.directory]);
          const source = `docker://${one.host}/app:1`;
          const destination = `docker://${other.host}/app:1`;
          await store.ok(['image', 'copy', ...OPEN, '--dest-creds', 'ada:p', 'containers-storage:app', source]);
          const kept = join(store.directory, 'auth.json');
          writeFileSync(kept, JSON.stringify({ auths: { [other.host]: { auth: Buffer.from('eve:p').toString('base64') } } }));
          const sides = ['--src-username', 'ada', '--src-password', 'p', '--dest-authfile', kept];
          await store.ok(['image', 'copy', ...OPEN, ...sides, source, destination]);
          const refused = await store.tsbuild(['image', 'copy', ...OPEN, '--src-no-creds', source, `dir:${join(store.directory, 'd')}`]);
          assert.is(refused.status, 125);
          assert.match(refused.stderr, /no credentials/);
          rmSync(kept);
        }),
      ),
    );
  });
});
