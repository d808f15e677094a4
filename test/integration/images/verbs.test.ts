import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { demand, withDockerRegistry } from '../../support/docker-registry.js';
import { type TestRegistryOptions, withRegistry } from '../../support/registry.js';
import { skip, suite } from '../../support/suite.js';
import { addBusybox, type Run, run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

const OPEN = '--tls-verify=false';
const isRoot = process.getuid?.() === 0;

/** `base` of two layers, and `app` of three, which removes, changes and adds. */
async function withImages(body: (store: TestStore) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    mkdirSync(join(store.directory, 'd'));
    for (const name of ['one', 'd/two', 'd/three']) writeFileSync(join(store.directory, name), `${name}\n`);
    writeFileSync(join(store.directory, 'Base'), 'FROM scratch\nCOPY one /one\nENV A=b\nCOPY d /d\n');
    writeFileSync(join(store.directory, 'App'), 'FROM base\nCOPY one /d/two\nLABEL x=y\n');
    // The default format of an archive of Docker's, so that all tools agree on the ID.
    await store.ok(['bud', '-q', '--format', 'docker', '-t', 'base', '-f', join(store.directory, 'Base'), store.directory]);
    await store.ok(['bud', '-q', '--format', 'docker', '-t', 'app', '-f', join(store.directory, 'App'), store.directory]);
    await body(store);
  });
}

/** podman with a store of its own, as root: it wants more of a machine than users have here. */
function podman(store: TestStore): (...args: readonly string[]) => Promise<Run> {
  demand('podman');
  if (!isRoot) skip('podman is compared with as root');
  const directory = join(store.directory, 'podman');
  mkdirSync(directory, { recursive: true });
  const conf = join(directory, 'storage.conf');
  writeFileSync(conf, `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/graph"\nrunroot = "${directory}/run"\n`);
  return (...args) => runOk(['podman', ...args], { env: { CONTAINERS_STORAGE_CONF: conf, TMPDIR: directory } });
}

async function idOf(store: TestStore, name: string): Promise<string> {
  return (await store.ok(['images', '-q', '--no-trunc', name])).stdout.trim();
}

suite('image verbs', (test) => {
  test('exists answers by its status; untag takes names away and leaves the image', () =>
    withImages(async (store) => {
      assert.is((await store.tsbuild(['image', 'exists', 'app'])).status, 0);
      assert.is((await store.tsbuild(['image', 'exists', 'nothing'])).status, 1);
      const id = await idOf(store, 'app');
      await store.ok(['tag', 'app', 'example.com/a:1', 'second']);
      const foreign = await store.tsbuild(['untag', 'app', 'second', 'base']);
      assert.is(foreign.status, 125);
      assert.match(foreign.stderr, /tag not known/);
      assert.is((await store.tsbuild(['image', 'exists', 'second'])).status, 0);
      await store.ok(['untag', 'app', 'second', 'example.com/a:1']);
      assert.is((await store.tsbuild(['image', 'exists', 'second'])).status, 1);
      assert.is((await store.tsbuild(['image', 'exists', 'app'])).status, 0);
      await store.ok(['image', 'untag', 'app']);
      assert.is((await store.tsbuild(['image', 'exists', 'app'])).status, 1);
      assert.is((await store.tsbuild(['image', 'exists', id])).status, 0);
      assert.match((await store.tsbuild(['untag', 'nothing'])).stderr, /image not known/);
    }));

  test('tree, history and diff show what podman shows of the same images', () =>
    withImages(async (store) => {
      const peer = podman(store);
      for (const name of ['base', 'app']) {
        const archive = join(store.directory, `${name}.tar`);
        await store.ok(['save', '-q', '-o', archive, name]);
        await peer('load', '-q', '-i', archive);
      }
      const withoutSizes = (text: string): string => text.replace(/Size: +\S+/g, 'Size').trimEnd();
      for (const args of [['app'], ['--whatrequires', 'base']]) {
        const name = `localhost/${args.at(-1)}`;
        const theirs = (await peer('image', 'tree', ...args.slice(0, -1), name)).stdout;
        if (args.length === 1) assert.is(withoutSizes((await store.ok(['image', 'tree', ...args])).stdout), withoutSizes(theirs));
        const layers = (text: string): readonly string[] => (text.match(/ID: [0-9a-f]{12} .*/g) ?? []).map(withoutSizes);
        assert.equal(layers((await store.ok(['image', 'tree', ...args])).stdout), layers(theirs));
      }
      const columns = ['--no-trunc', '--format', '{{.ID}}|{{.CreatedBy}}|{{.Comment}}'];
      const trimmed = ({ stdout }: Run): readonly string[] => stdout.split('\n').map((line) => line.trim());
      const history = trimmed(await store.ok(['history', ...columns, 'app']));
      assert.equal(history, trimmed(await peer('history', ...columns, 'localhost/app')));
      assert.equal(trimmed(await store.ok(['history', '-q', 'app'])), trimmed(await peer('history', '-q', 'localhost/app')));
      for (const args of [['app'], ['app', 'base']]) {
        const full = args.map((name) => `localhost/${name}`);
        const sorted = ({ stdout }: Run): readonly string[] => stdout.split('\n').sort();
        assert.equal(sorted(await store.ok(['image', 'diff', ...args])), sorted(await peer('image', 'diff', ...full)));
      }
      const [ours] = JSON.parse((await store.ok(['image', 'inspect', 'app'])).stdout) as Record<string, unknown>[];
      const [theirs] = JSON.parse((await peer('image', 'inspect', 'localhost/app')).stdout) as Record<string, unknown>[];
      for (const key of ['Id', 'RepoTags', 'Created', 'Config', 'Author', 'Architecture', 'Os', 'RootFS', 'Labels', 'User', 'History'])
        assert.equal(ours?.[key], theirs?.[key], key);
      assert.equal(Object.keys(ours ?? {}), Object.keys(theirs ?? {}));
      await peer('rmi', '-a', '-f');
    }));

  test('diff tells removals, changes and additions, opaque directories included, without extracting anything', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const file = join(store.directory, 'Containerfile');
      const prepare = 'mkdir -p /t/gone /t/kept && echo 1 >/t/gone/a && echo 1 >/t/kept/b && echo 1 >/t/c';
      const change =
        'rm -r /t/gone && echo 2 >/t/c && rm -r /t/kept && mkdir /t/kept && echo 3 >/t/kept/new && chmod 700 /t && touch /t/kept';
      writeFileSync(file, `FROM busybox\nRUN ${prepare}\nRUN ${change}\n`);
      await store.ok(['bud', '-q', '-t', 'changed', store.directory]);
      const { stdout } = await store.ok(['image', 'diff', 'changed']);
      assert.is(stdout, 'C /t\nC /t/c\nD /t/gone\nC /t/kept\nD /t/kept/b\nA /t/kept/new\n');
      const json = JSON.parse((await store.ok(['image', 'diff', '--format', 'json', 'changed'])).stdout) as unknown;
      assert.equal(json, { changed: ['/t', '/t/c', '/t/kept'], added: ['/t/kept/new'], deleted: ['/t/gone', '/t/kept/b'] });
      const back = await store.ok(['image', 'diff', 'busybox', 'changed']);
      assert.match(back.stdout, /^D \/t\n/m);
      assert.match((await store.tsbuild(['image', 'diff', 'nothing'])).stderr, /image not known/);
    }));

  test('history and tree are read without another tool', () =>
    withImages(async (store) => {
      const rows = JSON.parse((await store.ok(['history', '--format', 'json', 'app'])).stdout) as Record<string, unknown>[];
      assert.equal(
        rows.map(({ CreatedBy }) => String(CreatedBy).replace(/ #.*/, '')),
        ['LABEL x=y', 'COPY one /d/two', 'COPY d /d', 'ENV A=b', 'COPY one /one'],
      );
      assert.is(rows[0]?.id, (await idOf(store, 'app')).replace('sha256:', ''));
      assert.equal(rows[2]?.tags, ['localhost/base:latest']);
      assert.is(rows[3]?.size, 0);
      const table = (await store.ok(['history', 'app'])).stdout.split('\n');
      assert.match(table[0] ?? '', /^ID +CREATED +CREATED BY +SIZE +COMMENT$/);
      assert.is(table.length, 7);
      const tree = (await store.ok(['image', 'tree', 'app'])).stdout;
      assert.match(tree, /^Image ID: [0-9a-f]{12}\nTags: {5}\[localhost\/app:latest\]\nSize: {5}[\d.]+kB\nImage Layers\n├── ID: /);
      assert.match(
        tree,
        /├── ID: [0-9a-f]{12} Size: +\S+ Top Layer of: \[localhost\/base:latest\]\n└── ID: .*\[localhost\/app:latest\]\n$/,
      );
    }));

  test('save and load: every form, several images, pipes and compressed archives', () =>
    withImages(async (store) => {
      const ids = { app: await idOf(store, 'app'), base: await idOf(store, 'base') };
      const path = (name: string): string => join(store.directory, name);
      await store.ok(['save', '-o', path('docker.tar'), 'app', 'example.com/second:2']);
      await store.ok(['save', '--format', 'oci-archive', '-o', path('oci.tar'), 'app']);
      await store.ok(['save', '--format', 'oci-dir', '-o', path('oci.d'), 'app']);
      await store.ok(['save', '--format', 'docker-dir', '--compress', '-o', path('docker.d'), 'app']);
      await store.ok(['save', '-m', '-o', path('both.tar'), 'app', 'base']);
      writeFileSync(path('both.tar.gz'), gzipSync(readFileSync(path('both.tar'))));
      await runOk(['sh', '-c', '"$@" >"$0"', path('piped.tar'), ...store.argv(['save', 'app'])]);
      const entries = (await runOk(['tar', 'tf', path('both.tar')])).stdout.trim().split('\n');
      assert.is(entries.filter((name) => /^[0-9a-f]{64}\.tar$/.test(name)).length, 3, 'layers that both have are there once');
      assert.is(new Set(entries).size, entries.length);

      const load = async (...args: readonly string[]): Promise<readonly string[]> => {
        await store.ok(['rmi', '-a', '-f']);
        return (await store.ok(['load', ...args])).stdout.trim().split('\n');
      };
      assert.equal(await load('-i', path('docker.tar')), ['Loaded image: localhost/app:latest', 'Loaded image: example.com/second:2']);
      assert.is(await idOf(store, 'second:2'), ids.app);
      assert.equal(await load('-i', path('oci.tar')), ['Loaded image: localhost/app:latest']);
      assert.is(await idOf(store, 'app'), ids.app);
      for (const directory of ['oci.d', 'docker.d']) assert.equal(await load('-i', path(directory)), [`Loaded image: ${ids.app}`]);
      for (const archive of ['both.tar', 'both.tar.gz']) {
        assert.equal(await load('-i', path(archive)), ['Loaded image: localhost/app:latest', 'Loaded image: localhost/base:latest']);
        assert.is(await idOf(store, 'base'), ids.base);
      }
      await store.ok(['rmi', '-a', '-f']);
      const piped = await store.ok(['load', '-q'], { stdin: readFileSync(path('piped.tar')) });
      assert.is(piped.stdout, 'Loaded image: localhost/app:latest\n');
      assert.match((await store.ok(['system', 'check'])).stdout, /all is well/);

      writeFileSync(path('none.tar'), 'nothing of the kind');
      assert.is((await store.tsbuild(['load', '-i', path('none.tar')])).status, 125);
      const refused = await store.tsbuild(['save', '-o', path('new.tar'), 'nothing']);
      assert.match(refused.stderr, /image not known/);
      assert.not.ok(existsSync(path('new.tar')));
      assert.match((await store.tsbuild(['save', '-o', path('both.tar'), 'app'])).stderr, /cannot be added to/);
      assert.match(
        (await store.tsbuild(['save', '-m', '--format', 'oci-archive', '-o', path('x'), 'app'])).stderr,
        /only supported for docker-archive/,
      );
      rmSync(path('both.tar.gz'));
    }));

  test('inspect of an image elsewhere says what skopeo says, and fetches no layer', () =>
    withImages(async (store) => {
      demand('skopeo');
      await withDockerRegistry({}, async ({ host }) => {
        for (const tag of ['1', '2']) await store.ok(['push', '-q', OPEN, 'app', `docker://${host}/team/app:${tag}`]);
        await store.ok(['push', '-q', 'app', `oci:${join(store.directory, 'layout')}:ref`]);
        for (const place of [`docker://${host}/team/app:1`, `oci:${join(store.directory, 'layout')}:ref`]) {
          const open = place.startsWith('docker') ? [OPEN] : [];
          const ours = JSON.parse((await store.ok(['image', 'inspect', ...open, place])).stdout) as Record<string, unknown>;
          const theirs = JSON.parse((await runOk(['skopeo', 'inspect', ...open, place])).stdout) as Record<string, unknown>;
          const { LayersData: data, ...rest } = ours;
          assert.equal(
            (data as { Digest: string }[]).map(({ Digest }) => Digest),
            ours.Layers,
          );
          const { LayersData: _, ...expected } = theirs;
          assert.equal(rest, expected);
          assert.equal(Object.keys(rest), Object.keys(expected));
          for (const flags of [['--raw'], ['--config', '--raw'], ['--format', '{{.Digest}} {{.Labels}} {{.Env}}']]) {
            const shown = await store.ok(['image', 'inspect', ...open, ...flags, place]);
            assert.is(shown.stdout, (await runOk(['skopeo', 'inspect', ...open, ...flags, place])).stdout, flags.join(' '));
          }
        }
      });
    }));

  test('search asks a registry for its repositories by its catalog, or by a search of its own; tags are listed', () =>
    withImages(async (store) => {
      await withDockerRegistry({}, async ({ host }) => {
        for (const name of ['team/app', 'team/other', 'app']) await store.ok(['push', '-q', OPEN, 'app', `docker://${host}/${name}:1`]);
        await store.ok(['push', '-q', OPEN, 'base', `docker://${host}/app:2`]);
        const names = (await store.ok(['search', OPEN, '--format', '{{.Name}}', `${host}/app`])).stdout.trim().split('\n');
        assert.equal(names.sort(), [`${host}/app`, `${host}/team/app`].sort());
        assert.is((await store.ok(['search', OPEN, '--limit', '1', `${host}/`])).stdout.trim().split('\n').length, 2);
        const tags = JSON.parse((await store.ok(['search', OPEN, '--list-tags', '--format', 'json', `${host}/app`])).stdout) as {
          Name: string;
          Tags: string[];
        }[];
        assert.equal(
          tags.map(({ Name, Tags }) => [Name, ...Tags.sort()]),
          [[`${host}/app`, '1', '2']],
        );
      });
      const results = [
        { name: 'team/app', description: 'd'.repeat(60), star_count: 7, is_official: true, is_automated: false },
        { name: 'team/b', description: '', star_count: 0, is_official: false, is_automated: false },
      ];
      const fault: TestRegistryOptions['fault'] = ({ path }) =>
        path.startsWith('/v1/search') ? { kind: 'answer', status: 200, body: JSON.stringify({ num_results: 2, results }) } : undefined;
      await withRegistry({ fault }, async (registry) => {
        const conf = join(store.directory, 'registries.conf');
        writeFileSync(
          conf,
          `unqualified-search-registries = ["${registry.host}"]\n[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
        );
        const search = async (...args: readonly string[]): Promise<string> =>
          (await store.ok(['--registries-conf', conf, 'search', ...args, 'app'])).stdout;
        assert.is(await search('--format', '{{.Name}} {{.Stars}}', '--filter', 'stars=3'), `${registry.host}/team/app   7\n`);
        assert.match(await search(), new RegExp(`^NAME +DESCRIPTION\n${registry.host}/team/app +d{44}\\.\\.\\.\n`));
        assert.match(await search('--compatible', '--no-trunc'), /STARS +OFFICIAL +AUTOMATED\n.* d{60} +7 +\[OK\]/);
      });
      const nowhere = await run(store.argv(['--registries-conf', '/dev/null', 'search', 'app']));
      assert.is(nowhere.status, 125);
      assert.match(nowhere.stderr, /no unqualified-search registries/);
    }));
});
