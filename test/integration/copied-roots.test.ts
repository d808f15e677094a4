import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { addBusybox, fixtures, project, type TestStore, withTestStore } from '../support/tsbuild.js';

/** Everything an overlay has marks for: new, changed, removed, replaced and moved files and directories, links, an owner, mount points. */
const CONTAINERFILE = `FROM scratch
ADD rootfs.tar /
ENV PATH=/bin
RUN mkdir -p /d/e /kept/deep && echo a > /d/a && echo b > /d/e/b && ln /d/a /d/linked && ln -s a /d/soft && echo x > /x && echo y > /kept/deep/y
COPY file tree /d/e/
RUN rm /d/soft && echo more >> /d/e/b && mv /d/e /moved && chmod 600 /x && mkfifo /fifo
RUN true
RUN --mount=type=bind,target=/context rm -r /d && mkdir /d && echo new > /d/n && mv /x /y && cp /context/file /kept/copied
RUN rm -rf /moved && echo file > /moved && rm /kept/deep/y && mkdir /kept/deep/y && chown 1:2 /y
WORKDIR /work/dir
COPY tree .
COPY --from=localhost/busybox /bin/sh /kept/sh
`;

function writeContext(directory: string): string {
  const context = join(directory, 'context');
  mkdirSync(join(context, 'tree/sub'), { recursive: true });
  copyFileSync(join(fixtures, 'busybox.tar'), join(context, 'rootfs.tar'));
  writeFileSync(join(context, 'file'), 'file\n');
  writeFileSync(join(context, 'tree/sub/leaf'), 'leaf\n');
  writeFileSync(join(context, 'Containerfile'), CONTAINERFILE);
  return context;
}

async function build(store: TestStore, driver: string, context: string): Promise<{ readonly id: string; readonly stderr: string }> {
  const { stdout, stderr } = await store.ok(['--storage-driver', driver, 'bud', '--timestamp', '0', context]);
  return { id: stdout.trim().split('\n').at(-1)!, stderr };
}

interface Checked {
  readonly problems: readonly { readonly subject: string; readonly problem: string; readonly repaired?: string }[];
  readonly snapshots: number;
}

async function checked(store: TestStore, ...flags: string[]): Promise<Checked> {
  const { stdout } = await store.tsbuild(['system', 'check', '--json', ...flags]);
  return JSON.parse(stdout) as Checked;
}

suite('root file systems that are copies', (test) => {
  test('give the same image as overlays', () =>
    withTestStore(async (overlays) =>
      withTestStore(async (copies) => {
        const context = writeContext(overlays.directory);
        await addBusybox(overlays);
        await addBusybox(copies);
        const expected = await build(overlays, 'overlay', context);
        const found = await build(copies, 'vfs', context);
        assert.is(found.id, expected.id);
        assert.not.match(found.stderr, /copied/, 'who asks for copies is not told why');
        // Everything is found again, and by the other driver too.
        assert.is((await build(copies, 'vfs', context)).id, expected.id);
        assert.is((await build(copies, 'overlay', context)).id, expected.id);
      }),
    ));

  test('a command that writes in place changes no snapshot', () =>
    withTestStore(async (store) => {
      const context = writeContext(store.directory);
      // The second stage runs on files that the first one's base shares with every other snapshot.
      const stages = `FROM scratch AS base
ADD rootfs.tar /
ENV PATH=/bin
COPY file /a
FROM base AS first
COPY file /b
RUN echo first >> /a && echo first >> /b && chmod 600 /bin/busybox && touch -d @5 /bin/busybox
FROM base
COPY --from=first /a /first-a
RUN cat /a > /seen && stat -c %a /bin/busybox >> /seen && cat /first-a >> /seen
RUN grep . /seen && test "$(cat /seen)" = "$(printf 'file\\n755\\nfile\\nfirst')"
`;
      writeFileSync(join(context, 'Containerfile'), stages);
      await build(store, 'vfs', context);
    }));

  test('without layers, steps of both kinds write to one copy', () =>
    withTestStore(async (overlays) =>
      withTestStore(async (copies) => {
        const context = writeContext(overlays.directory);
        await addBusybox(overlays);
        await addBusybox(copies);
        const ids: string[] = [];
        for (const [store, driver] of [[overlays, 'overlay'] as const, [copies, 'vfs'] as const]) {
          const { stdout } = await store.ok(['--storage-driver', driver, 'bud', '--layers=false', '--timestamp', '0', context]);
          ids.push(stdout.trim().split('\n').at(-1)!);
        }
        assert.is(ids[1], ids[0]);
      }),
    ));

  test('what a .containerignore hides is not seen by a mount', () =>
    withTestStore(async (store) => {
      const context = writeContext(store.directory);
      writeFileSync(join(context, '.containerignore'), 'tree/sub\n');
      const lines = 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\n';
      writeFileSync(join(context, 'Containerfile'), `${lines}RUN --mount=type=bind,target=/c test ! -e /c/tree/sub && test -e /c/file\n`);
      await build(store, 'vfs', context);
    }));

  test('are chosen, and it is said why, for a store on an overlay', () =>
    withTestStore(async (store) => {
      const context = writeContext(store.directory);
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nADD rootfs.tar /\nENV PATH=/bin\nRUN echo made > /made\n');
      const script = `set -e
        mkdir "$0/lower" "$0/upper" "$0/work" "$0/merged"
        mount -t overlay overlay -o userxattr,lowerdir="$0/lower",upperdir="$0/upper",workdir="$0/work" "$0/merged"
        "$1" --root "$0/merged/root" --runroot "$0/run" bud -t made "$2"
        "$1" --root "$0/merged/root" --runroot "$0/run" info
        rm -rf "$0/merged/root"
        umount "$0/merged"
        rm -rf "$0/upper" "$0/work"`;
      const directory = join(store.directory, 'nested');
      mkdirSync(directory);
      const argv = ['unshare', 'sh', '-c', script, directory, join(project, 'bin/tsbuild'), context];
      const { stdout, stderr } = await store.ok(argv);
      assert.match(stderr, /Root file systems are copied \(vfs\): the store ".*" lies on an overlay itself/);
      assert.match(stdout, /"GraphDriverName": "vfs"/);
    }));

  test('system check compares them with their layers, and a repair removes what differs', () =>
    withTestStore(async (store) => {
      const check = (...flags: string[]): Promise<Checked> => checked(store, ...flags);
      await addBusybox(store);
      const context = writeContext(store.directory);
      const { id } = await build(store, 'vfs', context);
      const sound = await check();
      assert.equal(sound.problems, []);
      // Those of the base, which is an overlay's, and one for each layer that is not empty.
      const names = (await store.ok(['unshare', 'ls', join(store.root, 'snapshots')])).stdout.trim().split('\n');
      assert.is(sound.snapshots, names.filter((name) => name !== 'empty').length);
      assert.ok(sound.snapshots > 8, names.join(' '));
      const holders = 'for s in "$0"/vfs-*; do if [ -e "$s/fs/kept/copied" ] && [ -e "$s/fs/y" ]; then echo "$s"; fi; done';
      const snapshots = (await store.ok(['unshare', 'sh', '-c', holders, join(store.root, 'snapshots')])).stdout.trim().split('\n');
      // A file with other bytes, a directory with other bits, a file that is gone, and one too many; each in a snapshot of its own.
      const damages = ['rm kept/copied && printf FILE > kept/copied', 'chmod 751 kept', 'rm y', 'echo more > kept/more'];
      assert.ok(snapshots.length >= damages.length, names.join(' '));
      for (const [at, damage] of damages.entries()) await store.ok(['unshare', 'sh', '-c', `cd "$0/fs" && ${damage}`, snapshots[at]!]);
      const damaged = snapshots.slice(0, damages.length).map((path) => `snapshot ${basename(path)}`);
      const repaired = 'removed; it is extracted or made again';
      for (const [flags, outcome] of [[[], undefined] as const, [['--repair'], repaired] as const]) {
        const { problems } = await check(...flags);
        assert.equal(problems.map(({ subject }) => subject).sort(), damaged);
        for (const found of problems) {
          assert.match(found.problem, /it is not what its layers make/);
          assert.is(found.repaired, outcome);
        }
      }
      assert.equal((await check()).problems, []);
      await store.ok(['--storage-driver', 'vfs', 'from', '--name', 'c', id]);
      const { stdout } = await store.ok(['--storage-driver', 'vfs', 'run', 'c', 'cat', '/kept/copied']);
      assert.is(stdout, 'file\n');
      assert.equal((await check()).problems, []);
    }));

  test('a copy whose layer has lost its blob is compared with nothing: its image is named', () =>
    withTestStore(async (store) => {
      const context = join(store.directory, 'context');
      mkdirSync(context);
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\nWORKDIR /made\n');
      await store.ok(['--storage-driver', 'vfs', 'bud', '-t', 'app', context]);
      await store.ok(['--storage-driver', 'vfs', 'from', '--name', 'c', 'app']);
      const { stdout } = await store.ok(['inspect', '--type', 'image', 'app']);
      const { layers } = JSON.parse((JSON.parse(stdout) as { Manifest: string }).Manifest) as { layers: { digest: string }[] };
      rmSync(join(store.root, 'blobs', layers[1]!.digest.replace(':', '/')));
      const { problems } = await checked(store);
      assert.equal(problems.map(({ subject }) => subject).sort(), ['container c', 'image localhost/app:latest']);
    }));
});
