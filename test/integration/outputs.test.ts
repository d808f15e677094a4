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

  test('type=image,push-by-digest=true leaves the repository without a tag', () =>
    withRegistry({}, (registry) =>
      withTestStore(async (store) => {
        const meta = join(store.directory, 'meta');
        const output = `type=image,name=${registry.host}/team/app,push=true,push-by-digest=true`;
        const flags = ['--tls-verify=false', '-o', output, '--metadata-file', meta];
        await store.ok(['bud', '-q', ...flags, context(store, TWO_LAYERS, FILES)]);
        const { 'containerimage.digest': digest } = JSON.parse(readFileSync(meta, 'utf8')) as Record<string, string>;
        assert.equal([...registry.manifests.keys()], [`team/app@${digest}`]);
      }),
    ));

  test('type=local,mode=delete leaves only the files of the image, and asks outside the working directory', async () => {
    await withTestStore(async (store) => {
      const out = join(store.directory, 'out');
      mkdirSync(join(out, 'old/deep'), { recursive: true });
      mkdirSync(join(out, 'a'));
      for (const name of ['old/deep/x', 'a/y', 'stays']) writeFileSync(join(out, name), '');
      const directory = context(store, TWO_LAYERS, FILES);
      const output = ['-o', `type=local,dest=${out},mode=delete`];
      const refused = await store.tsbuild(['bud', '-q', ...output, directory]);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /mode=delete outside the working directory .* is not allowed: buildx.local.delete/);
      assert.ok(existsSync(join(out, 'stays')));
      await store.ok(['bud', '-q', ...output, directory], { cwd: store.directory });
      const files = (): string[] => (readdirSync(out, { recursive: true }) as string[]).sort();
      assert.equal(files(), ['a', 'deep', 'deep/b']);
      writeFileSync(join(out, 'new'), '');
      await store.ok(['bud', '-q', ...output, '--allow', 'buildx.local.delete', directory]);
      assert.equal(files(), ['a', 'deep', 'deep/b']);
    });
  });

  test("type=docker,tar=false is a layout with Docker's list", async () => {
    await withTestStore(async (store) => {
      const out = join(store.directory, 'out');
      await store.ok(['bud', '-q', '-o', `type=docker,tar=false,dest=${out},name=example.com/app:1`, context(store, TWO_LAYERS, FILES)]);
      const [image] = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
        Config: string;
        RepoTags: string[];
        Layers: string[];
      }[];
      assert.equal(image!.RepoTags, ['example.com/app:1']);
      const config = JSON.parse(readFileSync(join(out, image!.Config), 'utf8')) as Image['config'];
      assert.is(config.rootfs.diff_ids.length, 2);
      assert.equal(
        image!.Layers.map((path) => existsSync(join(out, path))),
        [true, true],
      );
      demand('skopeo');
      const inspected = await runOk(['skopeo', 'inspect', '--raw', `oci:${out}:example.com/app:1`]);
      const { layers } = JSON.parse(inspected.stdout) as Image['manifest'];
      assert.equal(new Set(layers.map(({ mediaType }) => mediaType)), new Set(['application/vnd.oci.image.layer.v1.tar+gzip']));
    });
  });

  test('annotations of one platform, and of its entry in an index', async () => {
    await withTestStore(async (store) => {
      const directory = context(store, ['FROM scratch', 'LABEL a=1']);
      const platforms = ['--platform', 'linux/amd64,linux/arm64'];
      const flags = ['manifest[linux/arm64]:one=1', 'manifest-descriptor:all=2', 'manifest-descriptor[linux/amd64]:own=3', 'index:i=4'];
      const annotations = flags.flatMap((annotation) => ['--annotation', annotation]);
      const out = join(store.directory, 'out');
      await store.ok(['bud', '-q', ...platforms, ...annotations, '-o', `type=oci,tar=false,dest=${out}`, directory]);
      const blob = (digest: string): Record<string, unknown> =>
        JSON.parse(readFileSync(join(out, 'blobs', digest.replace(':', '/')), 'utf8')) as Record<string, unknown>;
      const [top] = (JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }).manifests;
      const index = blob(top!.digest) as { annotations: object; manifests: { digest: string; annotations: object }[] };
      assert.equal(index.annotations, { i: '4' });
      assert.equal(
        index.manifests.map((entry) => entry.annotations),
        [{ all: '2', own: '3' }, { all: '2' }],
      );
      const own = index.manifests.map(({ digest }) => (blob(digest) as { annotations: Record<string, string> }).annotations.one);
      assert.equal(own, [undefined, '1']);
      const refused = await store.tsbuild(['bud', '-q', '--annotation', 'manifest-descriptor:a=b', directory]);
      assert.match(refused.stderr, /manifest-descriptor: needs an index/);
    });
  });

  test('--logsplit writes a file for each platform', async () => {
    await withTestStore(async (store) => {
      const at = (name: string): string => join(store.directory, name);
      const directory = context(store, ['FROM scratch', 'LABEL a=1']);
      const { stdout } = await store.ok([
        'bud',
        '--platform',
        'linux/amd64,linux/arm64',
        '-t',
        'x',
        '--logfile',
        at('log'),
        '--logsplit',
        directory,
      ]);
      assert.is(stdout, '');
      const steps = (arch: string): string => ` STEP 1/2: FROM scratch\n[linux/${arch}] STEP 2/2: LABEL a=1\n`;
      for (const arch of ['amd64', 'arm64']) {
        const log = readFileSync(at(`log_linux_${arch}`), 'utf8');
        assert.ok(log.includes(`[linux/${arch}]${steps(arch)}[linux/${arch}] COMMIT x\n`), log);
        assert.match(log, /\nSuccessfully tagged localhost\/x:latest\n[0-9a-f]{64}\n$/);
        assert.not.ok(log.includes(arch === 'amd64' ? 'arm64' : 'amd64'));
      }
      assert.not(existsSync(at('log')));
      const refused = await store.tsbuild(['bud', '--logsplit', directory]);
      assert.match(refused.stderr, /cannot use --logsplit without --logfile/);
    });
  });
});
