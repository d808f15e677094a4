import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { demand } from '../support/docker-registry.js';
import { withRegistry } from '../support/registry.js';
import { suite } from '../support/suite.js';
import { idModeOf, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

const EPOCH = 1_700_000_000;

function context(store: TestStore, lines: readonly string[], files: Readonly<Record<string, string>> = {}): string {
  const directory = join(store.directory, `context-${contexts++}`);
  for (const [name, content] of Object.entries({ Containerfile: lines.join('\n'), ...files })) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
let contexts = 0;

const TWO_LAYERS = ['FROM scratch', 'COPY --chmod=755 a /', 'COPY --chown=3:4 --chmod=640 sub/b /deep/'];
const FILES = { a: 'one', 'sub/b': 'two' };

interface Image {
  readonly config: {
    readonly created: string;
    readonly config: { readonly Labels?: Readonly<Record<string, string>>; readonly Env?: readonly string[] };
    readonly rootfs: { readonly diff_ids: readonly string[] };
    readonly history?: readonly { readonly created: string; readonly empty_layer?: boolean }[];
  };
  readonly manifest: {
    readonly layers: readonly { readonly mediaType: string }[];
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

async function read(store: TestStore, name: string): Promise<Image> {
  const inspected = JSON.parse((await store.ok(['inspect', '--type', 'image', name])).stdout) as { Config: string; Manifest: string };
  return { config: JSON.parse(inspected.Config) as Image['config'], manifest: JSON.parse(inspected.Manifest) as Image['manifest'] };
}

suite('integration/outputs', (test) => {
  test('several outputs of one build: a directory, tars, archives and a layout', async () => {
    await withTestStore(async (store) => {
      const at = (name: string): string => join(store.directory, name);
      const outputs = [
        at('files'),
        `type=tar,dest=${at('files.tar')}`,
        `type=oci,dest=${at('oci.tar')}`,
        `type=oci,tar=false,dest=${at('layout')},name=there`,
        `type=docker,dest=${at('docker.tar')},name=example.com/app:1`,
        'type=image,name=second',
      ].flatMap((output) => ['-o', output]);
      await store.ok(['bud', '-q', '--source-date-epoch', String(EPOCH), '-t', 'first', ...outputs, context(store, TWO_LAYERS, FILES)]);

      assert.equal(readdirSync(at('files')).sort(), ['a', 'deep']);
      assert.is(readFileSync(at('files/a'), 'utf8'), 'one');
      assert.is(statSync(at('files/a')).mode & 0o7777, 0o755);
      assert.is(statSync(at('files/deep/b')).mtimeMs / 1000, EPOCH);
      const keepsOwners = (await idModeOf(store)) === 'root';
      assert.is(statSync(at('files/deep/b')).uid, keepsOwners ? 3 : process.getuid!());

      const listing = await runOk(['tar', '--numeric-owner', '--utc', '--full-time', '-tvf', at('files.tar')]);
      assert.equal(
        listing.stdout
          .trim()
          .split('\n')
          .map((line) => line.replace(/ +/g, ' ')),
        [
          '-rwxr-xr-x 0/0 3 2023-11-14 22:13:20 a',
          'drwxr-xr-x 3/4 0 2023-11-14 22:13:20 deep/',
          '-rw-r----- 3/4 3 2023-11-14 22:13:20 deep/b',
        ],
      );
      const names = (await store.ok(['images', '--format', '{{.Name}}'])).stdout;
      assert.ok(names.includes('localhost/first') && names.includes('localhost/second'), names);
      const docker = JSON.parse((await runOk(['tar', '-xOf', at('docker.tar'), 'manifest.json'])).stdout) as { RepoTags: string[] }[];
      assert.equal(docker[0]!.RepoTags, ['example.com/app:1']);

      demand('skopeo');
      const digests = ['oci-archive:oci.tar', 'oci:layout:there', `oci:${store.root}:localhost/first:latest`].map(async (image) => {
        const { stdout } = await runOk(['skopeo', 'inspect', '--format', '{{.Digest}}', image], { cwd: store.directory });
        return stdout.trim();
      });
      assert.is(new Set(await Promise.all(digests)).size, 1);
      await runOk(['skopeo', 'inspect', `docker-archive:${at('docker.tar')}`]);
    });
  });

  test('-o - writes a tar and nothing else to standard output; the build is shown on standard error', async () => {
    await withTestStore(async (store) => {
      const directory = context(store, TWO_LAYERS, FILES);
      const file = join(store.directory, 'out.tar');
      const script = 'out=$1; shift; exec "$@" >"$out"';
      const { stderr } = await runOk(['sh', '-c', script, 'sh', file, ...store.argv(['bud', '-o', '-', directory])]);
      assert.match(stderr, /STEP 1\/3: FROM scratch/);
      assert.match(stderr, /\n[0-9a-f]{64}\n$/);
      assert.is((await runOk(['tar', '-tf', file])).stdout, 'a\ndeep/\ndeep/b\n');
      await store.ok(['bud', '-q', '-o', `type=tar,dest=${file}.2`, directory]);
      await runOk(['cmp', file, `${file}.2`]);
    });
  });

  test('names stay where they were when an output cannot be written', async () => {
    await withTestStore(async (store) => {
      await store.ok(['bud', '-q', '-t', 'app', context(store, ['FROM scratch', 'LABEL a=1'])]);
      const before = (await store.ok(['images', '-q', 'app'])).stdout;
      writeFileSync(join(store.directory, 'file'), '');
      const build = await store.tsbuild([
        'bud',
        '-q',
        '-t',
        'app',
        '-o',
        join(store.directory, 'file/below'),
        context(store, ['FROM scratch', 'LABEL a=2']),
      ]);
      assert.is(build.status, 125, build.stderr);
      assert.is((await store.ok(['images', '-q', 'app'])).stdout, before);
    });
  });

  test('--squash makes one layer of everything, also from the cache', async () => {
    await withTestStore(async (store) => {
      await store.ok(['bud', '-q', '-t', 'base', context(store, TWO_LAYERS, FILES)]);
      const directory = context(store, ['FROM base', 'COPY c /', 'LABEL x=y'], { c: 'three' });
      const first = await store.ok(['bud', '-q', '--squash', '-t', 'one', directory]);
      const { config, manifest } = await read(store, 'one');
      assert.is(config.rootfs.diff_ids.length, 1);
      assert.is(manifest.layers.length, 1);
      assert.is(config.history!.filter((entry) => entry.empty_layer !== true).length, 1);
      assert.is((await store.ok(['bud', '-q', '--squash-all', directory])).stdout, first.stdout);
      const tar = join(store.directory, 'whole.tar');
      await store.ok(['bud', '-q', '-o', `type=tar,dest=${tar}`, context(store, ['FROM one'])]);
      assert.is((await runOk(['tar', '-tf', tar])).stdout, 'a\nc\ndeep/\ndeep/b\n');
    });
  });

  test('what the command line says of the image', async () => {
    await withTestStore(async (store) => {
      const base = ['FROM scratch', 'LABEL of=base keep=1', 'ENV OF=base'];
      await store.ok(['bud', '-q', '-t', 'base', '--annotation', 'org.example=1', context(store, base)]);
      const directory = context(store, ['FROM base AS early', 'FROM early', 'LABEL own=1']);
      const build = async (...flags: readonly string[]): Promise<Image> => {
        await store.ok(['bud', '-q', '-t', 'app', ...flags, directory], { env: { GIVEN: 'from here' } });
        return read(store, 'app');
      };
      const plain = await build();
      assert.equal(Object.keys(plain.config.config.Labels!).sort(), ['io.tsbuild.version', 'keep', 'of', 'own']);
      assert.is(plain.manifest.annotations!['org.example'], '1');
      assert.is(plain.manifest.annotations!['org.opencontainers.image.created'], plain.config.created);

      const bare = await build(
        '--inherit-labels=false',
        '--inherit-annotations=false',
        '--identity-label=false',
        '--created-annotation=false',
        '--omit-history',
      );
      assert.equal(bare.config.config.Labels, { own: '1' });
      assert.equal(Object.keys(bare.manifest.annotations!), ['org.opencontainers.image.base.digest', 'org.opencontainers.image.base.name']);
      assert.is(bare.config.history, undefined);

      const edited = await build(
        '--unsetlabel',
        'of',
        '--label',
        'new=2',
        '--env',
        'GIVEN',
        '--env',
        'B=3',
        '--unsetenv',
        'OF',
        '--annotation',
        'manifest:m=4',
        '--unsetannotation',
        'org.example',
      );
      assert.equal(Object.keys(edited.config.config.Labels!).sort(), ['io.tsbuild.version', 'keep', 'new', 'own']);
      assert.equal(edited.config.config.Env!.slice(1), ['GIVEN=from here', 'B=3']);
      assert.is(edited.manifest.annotations!.m, '4');
      assert.is(edited.manifest.annotations!['org.example'], undefined);

      const refused = await store.tsbuild(['bud', '-q', '--annotation', 'index:a=1', directory]);
      assert.match(refused.stderr, /needs an index/);
    });
  });

  test('files for scripts: IDs, metadata and the log', async () => {
    await withTestStore(async (store) => {
      const at = (name: string): string => join(store.directory, name);
      const flags = ['--iidfile', at('id'), '--iidfile-raw', at('raw'), '--metadata-file', at('meta'), '--logfile', at('log')];
      const { stdout, stderr } = await store.ok(['bud', '-t', 'app', ...flags, context(store, ['FROM scratch', 'LABEL a=1'])]);
      assert.equal([stdout, stderr.replace(/^.*one id.*\n|^.*subordinate.*\n|^.*newuidmap.*\n/gm, '')], ['', '']);
      const id = readFileSync(at('raw'), 'utf8');
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.is(readFileSync(at('id'), 'utf8'), `sha256:${id}`);
      const metadata = JSON.parse(readFileSync(at('meta'), 'utf8')) as Record<string, unknown>;
      assert.is(metadata['containerimage.config.digest'], `sha256:${id}`);
      assert.is(metadata['image.name'], 'localhost/app:latest');
      assert.is((metadata['containerimage.descriptor'] as { digest: string }).digest, metadata['containerimage.digest']);
      assert.match(readFileSync(at('log'), 'utf8'), new RegExp(`STEP 2/2: LABEL a=1[^]*${id}\n$`));
    });
  });

  test('--save-stages keeps the images of other stages, and --stage-labels says which they are', async () => {
    await withTestStore(async (store) => {
      const directory = context(store, ['FROM scratch AS one', 'COPY a /', 'FROM scratch', 'COPY --from=one /a /b'], FILES);
      const build = await store.ok(['bud', '--save-stages', '--stage-labels', '--label', 'final=1', '-t', 'app', directory]);
      const [, id] = /Stage one is kept as ([0-9a-f]{64})/.exec(build.stderr) ?? [];
      const { config } = await read(store, id!);
      assert.equal(
        [config.config.Labels!['io.buildah.stage.name'], config.config.Labels!['io.buildah.stage.base'], config.config.Labels!.final],
        ['one', 'scratch', undefined],
      );
      const refused = await store.tsbuild(['bud', '--stage-labels', directory]);
      assert.match(refused.stderr, /--stage-labels requires --save-stages/);
    });
  });

  test('a tag with a transport is a place the image is sent to; --force-compression is for the base too', async () => {
    await withTestStore(async (store) => {
      const at = (name: string): string => join(store.directory, name);
      await store.ok(['bud', '-q', '-t', 'base', context(store, TWO_LAYERS, FILES)]);
      const directory = context(store, ['FROM base', 'COPY c /'], { c: 'three' });
      const flags = ['--compression-format', 'gzip', '--force-compression'];
      await store.ok(['bud', '-q', '-t', 'app', '-t', `oci:${at('there')}:x`, '-t', `oci-archive:${at('x.tar')}`, ...flags, directory]);
      assert.ok(existsSync(at('there/index.json')) && existsSync(at('x.tar')));
      const { manifest } = await read(store, 'app');
      assert.equal(new Set(manifest.layers.map(({ mediaType }) => mediaType)), new Set(['application/vnd.oci.image.layer.v1.tar+gzip']));
    });
  });

  test('type=image,push=true and a tag with docker:// push to registries', () =>
    withRegistry({}, (registry) =>
      withTestStore(async (store) => {
        const directory = context(store, TWO_LAYERS, FILES);
        const name = `${registry.host}/team/app:1`;
        const flags = ['--tls-verify=false', '-o', `type=image,name=${name},push=true`, '-t', `docker://${registry.host}/team/app:2`];
        await store.ok(['bud', '-q', ...flags, directory]);
        const pushed = ['1', '2'].map((tag) => registry.manifests.get(`team/app:${tag}`)?.bytes.toString());
        assert.ok(pushed[0] !== undefined && pushed[0] === pushed[1]);
        assert.match((await store.ok(['images', '--format', '{{.Name}}'])).stdout, /team\/app/);
        const refused = await store.tsbuild(['bud', '-q', '-o', 'type=registry', directory]);
        assert.match(refused.stderr, /a name is needed when pushing/);
      }),
    ));
});
