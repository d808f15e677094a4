import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withRegistry } from '../support/registry.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, run, type TestStore, withTestStore } from '../support/tsbuild.js';

interface Row {
  readonly id: string;
  readonly names: readonly string[] | null;
  readonly digest: string;
}

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string; readonly os: string } }[];
}

function contextOf(
  store: TestStore,
  name: string,
  containerfile: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string {
  const directory = join(store.directory, name);
  mkdirSync(directory);
  for (const [file, content] of Object.entries({ Containerfile: containerfile, ...files })) {
    writeFileSync(join(directory, file), content, { mode: 0o755 });
  }
  return directory;
}

async function indexOf(store: TestStore, name: string): Promise<Index> {
  return JSON.parse((await store.ok(['inspect', '--type', 'manifest', name])).stdout) as Index;
}

const CROSS = `FROM --platform=$BUILDPLATFORM localhost/busybox AS compile
RUN date +%N > /out
FROM scratch
ARG TARGETARCH
LABEL arch=$TARGETARCH
COPY --from=compile /out /app
`;

const own = process.arch === 'x64' ? 'amd64' : process.arch;
const foreign = own === 'arm64' ? 'amd64' : 'arm64';

suite('integration/platforms', (test) => {
  test('two platforms give one index; what does not depend on the platform runs once', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'cross', CROSS);
      const built = await store.ok(['bud', '--platform', `linux/${own},linux/${foreign}`, '-t', 'cross', context]);
      assert.match(built.stdout, `[linux/${own}] [1/2] STEP 2/2: RUN date`);
      assert.match(built.stdout, `[linux/${foreign}] [2/2] STEP 1/4: FROM scratch`);
      const index = await indexOf(store, 'cross');
      assert.is(index.mediaType, 'application/vnd.oci.image.index.v1+json');
      assert.equal(
        index.manifests.map(({ platform }) => platform),
        [own, foreign].map((architecture) => ({ architecture, os: 'linux' })),
      );
      const rows = JSON.parse((await store.ok(['images', '--json', '--no-trunc'])).stdout) as Row[];
      const row = rows.find(({ names }) => names?.includes('localhost/cross:latest'));
      assert.is(row?.id, row?.digest);
      assert.is(built.stdout.trim().split('\n').at(-1), row?.digest.slice(7));
      // This machine's own image is the one that is looked at.
      assert.is((await store.ok(['inspect', '--format', '{{.OCIv1.Architecture}}', 'cross'])).stdout, own);
      await store.ok(['push', '-q', '--all', 'cross', `oci:${store.directory}/layout:cross`]);
      await store.ok(['rmi', 'cross']);
      await store.ok(['images']);
    });
  });

  test('the files of a stage for this machine are the same in all images', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      await store.ok(['bud', '-q', '--platform', `linux/${own},linux/${foreign}`, '-t', 'cross', contextOf(store, 'cross', CROSS)]);
      const { manifests } = await indexOf(store, 'cross');
      const blob = (digest: string) => join(store.root, 'blobs', digest.replace(':', '/'));
      const layers = await Promise.all(
        manifests.map(async ({ digest }) =>
          JSON.stringify((JSON.parse((await run(['cat', blob(digest)])).stdout) as { layers: unknown }).layers),
        ),
      );
      assert.is(layers[0], layers[1]);
    });
  });

  test('--manifest adds platforms to an index, builds at the same moment included', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = contextOf(store, 'cross', CROSS);
      const platforms = [own, foreign, 'riscv64', 's390x'];
      await Promise.all(platforms.map((name) => store.ok(['bud', '-q', '--platform', `linux/${name}`, '--manifest', 'list', context])));
      await store.ok(['bud', '-q', '--no-cache', '--platform', `linux/${own}`, '--manifest', 'list', context]);
      const found = (await indexOf(store, 'list')).manifests.map(({ platform }) => platform.architecture);
      assert.equal([...found].sort(), [...platforms].sort());
    });
  });

  test('--all-platforms builds what the base image has', async () => {
    await withTestStore(async (store) => {
      const base = contextOf(store, 'base', 'FROM scratch\nCOPY Containerfile /base\n');
      await store.ok(['bud', '-q', '--platform', 'linux/amd64,linux/arm64,linux/ppc64le', '-t', 'base', base]);
      await store.ok([
        'bud',
        '-q',
        '--all-platforms',
        '-t',
        'top',
        contextOf(store, 'top', 'FROM localhost/base\nCOPY Containerfile /top\n'),
      ]);
      const found = (await indexOf(store, 'top')).manifests.map(({ platform }) => platform.architecture);
      assert.equal(found, ['amd64', 'arm64', 'ppc64le']);
    });
  });

  test('base images are pulled for each platform, and stay together under their name', async () => {
    await withRegistry({}, async (registry) => {
      const base = `${registry.host}/base:1`;
      await withTestStore(async (store) => {
        const context = contextOf(store, 'base', 'FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY Containerfile /base\n');
        await store.ok(['bud', '-q', '--platform', `linux/${own},linux/${foreign},linux/riscv64`, '-t', base, context]);
        await store.ok(['push', '-q', '--tls-verify=false', base]);
      });
      await withTestStore(async (store) => {
        const context = contextOf(store, 'top', `FROM ${base}\nCOPY Containerfile /top\n`);
        const args = ['--tls-verify=false', '--platform', `linux/${own},linux/${foreign}`, '-t', 'top'];
        await store.ok(['bud', '-q', ...args, context]);
        const platforms = async (name: string) =>
          (await indexOf(store, name)).manifests.map(({ platform }) => platform.architecture).sort();
        assert.equal(await platforms('top'), [own, foreign].sort());
        assert.equal(await platforms(base), [own, foreign].sort());
        const again = await store.ok(['bud', '--pull=never', ...args, context]);
        assert.match(again.stdout, 'Using cache');
        await store.ok(['bud', '-q', '--tls-verify=false', '--pull=always', '--all-platforms', '-t', 'all', context]);
        assert.equal(await platforms('all'), [own, foreign, 'riscv64'].sort());
      });
    });
  });

  test('an image of the store for another platform is not taken for the one that is asked for', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const built = await store.tsbuild(['bud', '--platform', `linux/${foreign}`, contextOf(store, 'c', 'FROM localhost/busybox\n')]);
      assert.is(built.status, 125);
      assert.match(built.stderr, `localhost/busybox: the store has it for linux/${own}, not for linux/${foreign}`);
    });
  });

  test('a RUN for a platform that cannot run here names the package', async () => {
    await withTestStore(async (store) => {
      // No processor in use, and no emulator either, is called so by those who register them.
      const context = contextOf(store, 'c', 'FROM scratch\nCOPY Containerfile /x\nRUN ["/x"]\n');
      const built = await store.tsbuild(['bud', '--platform', 'linux/mips64', context]);
      assert.is(built.status, 125);
      assert.match(built.stderr, 'Cannot run commands for linux/mips64');
      assert.match(built.stderr, 'qemu-user-static');
    });
  });

  test('a RUN for another platform goes through the emulator that is registered', async () => {
    await withTestStore(async (store) => {
      if (own !== 'amd64') skip('the emulator of this test is a program for amd64');
      await addBusybox(store);
      // An emulator that says what it was asked to run: echo, out of busybox.
      const work = join(store.directory, 'work');
      mkdirSync(work);
      await store.ok(['bud', '-q', '-o', `type=local,dest=${work}`, contextOf(store, 'tools', 'FROM localhost/busybox\n')]);
      copyFileSync(join(work, 'bin/busybox'), join(work, 'echo'));
      const program = Buffer.alloc(64);
      program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
      program.set([2, 0, 183, 0], 16);
      const context = contextOf(store, 'arm', 'FROM scratch\nCOPY prog /bin/prog\nRUN ["/bin/prog", "arg"]\n', { prog: program });
      const magic = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00';
      const mask = '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';
      const script = `mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 99
printf '%s' '${`:test-arm64:M::${magic}:${mask}:${join(work, 'echo')}:F`}' > /proc/sys/fs/binfmt_misc/register || exit 99
exec "$@"`;
      const inner = [...store.argv(['bud', '--platform', 'linux/arm64', context])];
      inner[inner.indexOf('--root') + 1] = join(store.directory, 'inner');
      const built = await run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', ...inner]);
      await run(['unshare', '--user', '--map-root-user', 'rm', '-rf', join(store.directory, 'inner')]);
      if (built.status === 99 || built.stderr.startsWith('unshare:')) skip(`binfmt_misc cannot be mounted here: ${built.stderr.trim()}`);
      assert.is(built.status, 0, built.stderr);
      assert.match(built.stdout, '/bin/prog arg\n');
    });
  });
});
