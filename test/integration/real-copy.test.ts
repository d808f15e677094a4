import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withPeers } from '../support/peers.js';
import { skip, suite } from '../support/suite.js';
import { addBusybox, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

// Only what Buildah 1.28 and BuildKit do alike; each goes to a place of its own.
const INSTRUCTIONS = `
COPY a.txt /file-to-dir/
COPY a.txt /file-to-file
COPY a.txt b.txt /two/
COPY dir /dir
COPY dir/ /dir-slash/
COPY dir other /two-dirs/
COPY *.txt /wild/
COPY other/*/er/f /wild-inside/
COPY d[a-j]r /wild-class
COPY . /all
COPY link /link-to-dir/
COPY link /link-to-file
COPY dirlink /dirlink/
COPY dirlink/sub /dirlink-sub/
COPY --chown=12:34 dir /chown
COPY --chown=nobody dir /chown-name
COPY --chown=3:4 a.txt /x/y/z/
COPY --chmod=600 a.txt /chmod/
COPY --chmod=750 dir /chmod-dir
COPY ["with space/x y", "/space/"]
COPY dir/../a.txt /up/../dotdot/
COPY dir/empty /empty
COPY keep.md /kept/
ADD archive.tar.gz /add-gzip
ADD archive.tar /add-tar/
ADD fake.tar /add-fake/
ADD dir /add-dir/
ENV D=/dd F=a.txt
COPY \${F} \${D}/
WORKDIR /w
COPY a.txt .
COPY a.txt x/y/z.txt
RUN mkdir -p /real /over/top/x /over2 /meta/sub && ln -s real /lnk && ln -s /real /abs && echo f > /over2/sub && chmod 711 /meta /meta/sub && chown 7:8 /meta /meta/sub
COPY a.txt /lnk/
COPY dir /abs
COPY dir /over
COPY dir /over2
COPY dir /meta
WORKDIR /lnk/in
RUN pwd > here && rm -r /all/dir/sub && mkdir /all/dir/sub && echo new > /all/dir/sub/n && mv /two-dirs /moved
RUN umask 0 && mkdir /umask && touch /umask/f
COPY --from=other /o/p /from
COPY --from=other /o/p/q o/l /from-rel/
COPY --from=other /o/a* /from-wild/
`;

const CONTAINERFILE = `FROM localhost/busybox AS other
RUN mkdir -p /o/p && echo 1 > /o/p/q && ln -s p/q /o/l && touch /o/a1 /o/a2 /o/b && chown -R 9:9 /o && chmod 2711 /o/p
FROM localhost/busybox
${INSTRUCTIONS}`;

function makeContext(directory: string): void {
  for (const path of ['dir/sub', 'dir/empty', 'other/deep/er', 'other/deep/x', 'with space'])
    mkdirSync(join(directory, path), { recursive: true });
  const files = {
    'a.txt': 'a',
    'b.txt': 'b',
    'dir/top': 'top',
    'dir/sub/s': 's',
    'other/deep/er/f': 'deep',
    'other/deep/x/ignored': 'no',
    'with space/x y': 'space',
    'fake.tar': 'no archive',
    'skip.md': 'no',
    'keep.md': 'yes',
    '.dockerignore': '*.md\n!keep.md\nother/**/x\nContainerfile\n',
    Containerfile: CONTAINERFILE,
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), `${content}\n`);
  symlinkSync('a.txt', join(directory, 'link'));
  symlinkSync('dir', join(directory, 'dirlink'));
  chmodSync(join(directory, 'dir/sub'), 0o700);
  chmodSync(join(directory, 'dir/empty'), 0o770);
  execFileSync('tar', ['-C', directory, '--owner=21', '--group=22', '-cf', join(directory, 'archive.tar'), 'dir', 'a.txt']);
  execFileSync('tar', ['-C', directory, '-czf', join(directory, 'archive.tar.gz'), 'dir', 'a.txt']);
}

/** Every path of an image with type, mode, owner, link target and content. */
async function treeOf(layout: string, bundle: string): Promise<string> {
  await runOk(['umoci', 'unpack', '--image', `${layout}:image`, bundle]);
  // Buildah 1.28 leaves its own mount points in the layers of RUN.
  const script = `cd "$0/rootfs" && rm -rf bin run etc/hosts etc/hostname etc/resolv.conf &&
    find . -printf '%P %M %U:%G %l\\n' | sort && find . -type f -exec sha256sum {} + | sort -k 2`;
  return (await runOk(['sh', '-c', script, bundle])).stdout;
}

async function pushGzip(store: TestStore, name: string, layout: string): Promise<void> {
  await store.ok([
    ...['push', '-q', '--compression-format', 'gzip', '--compression-level', '1', '--force-compression'],
    ...[name, `oci:${layout}:image`],
  ]);
}

suite('integration/real-copy', (test) => {
  test('COPY, ADD and WORKDIR give the tree that Buildah gives', async () => {
    if (process.getuid?.() !== 0) skip('only root can unpack images with all their owners to compare them');
    await withTestStore((store) =>
      withPeers(store.directory, async (peers) => {
        await addBusybox(store);
        const context = join(store.directory, 'context');
        mkdirSync(context);
        makeContext(context);
        await store.ok(['bud', '-q', '-t', 'tree', context]);
        const layouts = {
          base: join(store.directory, 'base'),
          ours: join(store.directory, 'ours'),
          theirs: join(store.directory, 'theirs'),
        };
        await pushGzip(store, 'tree', layouts.ours);
        await pushGzip(store, 'busybox', layouts.base);
        await peers.buildahBuild(context, layouts.base, 'localhost/busybox', layouts.theirs);
        const ours = await treeOf(layouts.ours, join(store.directory, 'ours-bundle'));
        assert.match(ours, /\nmeta\/sub\/s -rw-r--r-- 0:0 \n/);
        assert.is(ours, await treeOf(layouts.theirs, join(store.directory, 'theirs-bundle')));
      }),
    );
  });

  test('the same image comes out again without the cache when its time is pinned', async () => {
    await withTestStore(async (store) => {
      await addBusybox(store);
      const context = join(store.directory, 'context');
      mkdirSync(context, { mode: 0o700 });
      makeContext(context);
      const pinned = ['--timestamp', '0'];
      await store.ok(['bud', '-q', ...pinned, '-t', 'tree', context]);
      const again = await store.ok(['bud', '-q', '--no-cache', ...pinned, '-t', 'again', context]);
      assert.match((await store.ok(['images', '-q', '--no-trunc', 'tree'])).stdout, new RegExp(again.stdout.trim()));
    });
  });
});
