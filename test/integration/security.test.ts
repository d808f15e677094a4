import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { sha256, withRegistry } from '../support/registry.js';
import { suite } from '../support/suite.js';
import { type TarItem, tarOf } from '../support/tar-of.js';
import { addBusybox, type Run, type TestStore, withTestStore } from '../support/tsbuild.js';
import { unchanged } from '../support/unchanged.js';
import { Layout } from '../support/validate-layout.js';

/** A build context beside a folder of the host that no build may touch. */
interface Scene {
  readonly store: TestStore;
  readonly context: string;
  readonly outside: string;
  /** Builds with this Containerfile; the image is `app`. */
  readonly build: (lines: readonly string[], args?: readonly string[]) => Promise<Run>;
}

async function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    const [context, outside] = [join(store.directory, 'context'), join(store.directory, 'outside')];
    for (const directory of [context, outside]) mkdirSync(directory);
    writeFileSync(join(outside, 'secret'), 'spy:x:666:666:secret:/:/bin/sh\n');
    writeFileSync(join(context, 'file'), 'from the context');
    const build = (lines: readonly string[], args: readonly string[] = []) => {
      writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
      return store.tsbuild(['bud', '-t', 'app', ...args, context]);
    };
    await unchanged(outside, () => body({ store, context, outside, build }));
  });
}

/** Ends the build in an error about the instruction at `line` that matches. */
function refused(result: Run, line: number, pattern: RegExp): void {
  assert.is(result.status, 125, result.stdout + result.stderr);
  assert.match(result.stderr, new RegExp(`/Containerfile:${line}:1: `));
  assert.match(result.stderr, pattern);
}

function built(result: Run): void {
  assert.is(result.status, 0, result.stderr);
}

/** The texts of files of the image, read by a build that copies them: `yes` for a directory. */
async function see(store: TestStore, paths: readonly string[]): Promise<string> {
  const copies = paths.map((path, index) => `COPY --from=localhost/app ${path} /seen/${index}`);
  const script = 'RUN echo SEEN $(for seen in /seen/*; do if [ -d $seen ]; then echo yes /; else echo $(cat $seen) /; fi; done)';
  return look(store, ['FROM localhost/busybox', ...copies, script]);
}

/** What the last of these lines prints after `SEEN`. */
async function look(store: TestStore, lines: readonly string[]): Promise<string> {
  const context = join(store.directory, 'look');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
  const { stdout, stderr } = await store.ok(['bud', '--no-cache', context]);
  const output = /^SEEN (.*)$/m.exec(stdout + stderr);
  assert.ok(output !== null, stdout + stderr);
  return output![1]!;
}

suite('integration/security', (test) => {
  for (const [title, parent, items] of [
    [
      'a link out of the image and a file below it (CVE-2020-10696)',
      true,
      (outside: string): TarItem[] => [
        { name: 'a', type: '2', link: outside },
        { name: 'a/f', data: 'x' },
      ],
    ],
    [
      'a link that climbs and a file below it (CVE-2018-15664)',
      true,
      () => [
        { name: 'a', type: '2', link: '../../../../../../../../outside' },
        { name: 'a/secret', data: 'x' },
      ],
    ],
    [
      'a link to the file itself, written over',
      false,
      (outside) => [
        { name: 'a', type: '2', link: join(outside, 'secret') },
        { name: 'a', data: 'x' },
      ],
    ],
  ] as [string, boolean, (outside: string) => TarItem[]][]) {
    test(`ADD of an archive: ${title}`, () =>
      withScene(async ({ context, outside, build }) => {
        writeFileSync(join(context, 'a.tar'), tarOf(items(outside)));
        const result = await build(['FROM scratch', 'ADD a.tar /']);
        if (parent) refused(result, 2, /Cannot unpack "a\.tar", entry "a\/(f|secret)": "a" above it is not a directory/);
        else built(result);
      }));
  }

  for (const [title, item] of [
    ['../x', { name: '../x', data: 'x' }],
    ['a/../../x', { name: 'a/../../x', data: 'x' }],
    ['a hard link to ../../outside/secret', { name: 'x', type: '1', link: '../../outside/secret' }],
    ['a hard link to an absolute path', { name: 'x', type: '1', link: '/OUTSIDE/secret' }],
    ['a link in place of the root', { name: './', type: '2', link: '/OUTSIDE' }],
    ['a link called .', { name: '.', type: '2', link: '/OUTSIDE' }],
    ['a file in place of the root', { name: './', type: '0', data: 'x' }],
  ] as [string, TarItem][]) {
    test(`ADD of an archive refuses ${title} (CVE-2026-28406, CVE-2021-29136)`, () =>
      withScene(async ({ context, outside, build }) => {
        const link = item.link === undefined ? {} : { link: String(item.link).replace('/OUTSIDE', outside) };
        writeFileSync(join(context, 'a.tar'), tarOf([{ ...item, ...link }]));
        refused(await build(['FROM scratch', 'ADD a.tar /']), 2, /Cannot unpack "a\.tar", entry /);
      }));
  }

  test('ADD of an archive puts an absolute name into the image', () =>
    withScene(async ({ store, context, outside, build }) => {
      await addBusybox(store);
      writeFileSync(join(context, 'a.tar'), tarOf([{ name: `${outside}/secret`, data: 'inside' }]));
      built(await build(['FROM scratch', 'ADD a.tar /']));
      assert.is(await see(store, [`${outside}/secret`]), 'inside /');
    }));

  test('a chain of links across layers stays inside (CVE-2026-42574)', () =>
    withScene(async ({ context, outside, build }) => {
      writeFileSync(
        join(context, 'one.tar'),
        tarOf([
          { name: 'l1', type: '2', link: 'l2' },
          { name: 'l2', type: '2', link: outside },
        ]),
      );
      writeFileSync(
        join(context, 'two.tar'),
        tarOf([
          { name: 'l1/f', data: 'x' },
          { name: 'l1/secret', data: 'x' },
        ]),
      );
      const result = await build(['FROM scratch', 'ADD one.tar /', 'ADD two.tar /']);
      refused(result, 3, /Cannot unpack "two\.tar", entry "l1\/f": "l1" above it is not a directory/);
    }));

  test('layers of a pulled image stay inside (CVE-2026-42574)', () =>
    withRegistry({}, (registry) =>
      withScene(async ({ outside, build }) => {
        const layers = [
          tarOf([
            { name: 'l1', type: '2', link: 'l2' },
            { name: 'l2', type: '2', link: outside },
          ]),
          tarOf([
            { name: 'l1/f', data: 'x' },
            { name: 'l2/.wh.secret', data: '' },
          ]),
        ];
        const config = Buffer.from(
          JSON.stringify({
            architecture: process.arch === 'x64' ? 'amd64' : process.arch,
            os: 'linux',
            config: {},
            rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
          }),
        );
        for (const blob of [config, ...layers]) registry.addBlob('lib/base', blob);
        const mediaType = 'application/vnd.oci.image.manifest.v1+json';
        const descriptor = (bytes: Buffer, type: string) => ({
          mediaType: `application/vnd.oci.image.${type}`,
          digest: sha256(bytes),
          size: bytes.length,
        });
        const manifest = {
          schemaVersion: 2,
          mediaType,
          config: descriptor(config, 'config.v1+json'),
          layers: layers.map((layer) => descriptor(layer, 'layer.v1.tar')),
        };
        registry.addManifest('lib/base', 'latest', Buffer.from(JSON.stringify(manifest)), mediaType);
        const result = await build([`FROM ${registry.host}/lib/base`, 'COPY file /l1/', 'COPY file /l2/secret'], ['--tls-verify=false']);
        built(result);
      }),
    ));

  test('WORKDIR through a link is made inside the image (GHSA-q6r4-3wmg-fwcq)', () =>
    withScene(async ({ store, context, outside, build }) => {
      await addBusybox(store);
      writeFileSync(
        join(context, 'a.tar'),
        tarOf([
          { name: 'work', type: '2', link: outside },
          { name: 'up', type: '2', link: '../../../..' },
        ]),
      );
      built(await build(['FROM scratch', 'ADD a.tar /', 'WORKDIR /work/new', 'WORKDIR /up/made', 'WORKDIR /work']));
      assert.is(await see(store, [`${outside}/new`, '/made']), 'yes / yes /');
    }));

  for (const name of ['.dockerignore', '.containerignore']) {
    test(`a ${name} that is a link out of the context is refused (CVE-2022-4122)`, () =>
      withScene(async ({ context, outside, build }) => {
        for (const target of ['../outside/secret', join(outside, 'secret')]) {
          rmSync(join(context, name), { force: true });
          symlinkSync(target, join(context, name));
          const { status, stderr } = await build(['FROM scratch', 'COPY file /']);
          assert.is(status, 125);
          assert.match(stderr, new RegExp(`Error: Cannot use \\${name}: it is a link that leads out of the build context\n`));
          assert.not.match(stderr, /spy/);
        }
      }));
  }

  test('a source that is a link out of the context is not there', () =>
    withScene(async ({ context, outside, build }) => {
      symlinkSync(join(outside, 'secret'), join(context, 'leak'));
      symlinkSync(outside, join(context, 'leakdir'));
      for (const source of ['leak', 'leakdir/secret', 'leakdir', 'leak*', '../outside/secret']) {
        refused(await build(['FROM scratch', `COPY ${source} /`]), 2, /no such file or directory in the build context/);
      }
    }));

  test('COPY through links in the image writes inside it', () =>
    withScene(async ({ store, context, outside, build }) => {
      await addBusybox(store);
      const links: TarItem[] = [
        { name: 'abs', type: '2', link: outside },
        { name: 'up', type: '2', link: '/../../../..' },
        { name: 'one', type: '2', link: join(outside, 'secret') },
        { name: 'magic', type: '2', link: '/proc/self/root' },
      ];
      writeFileSync(join(context, 'a.tar'), tarOf(links));
      built(await build(['FROM scratch', 'ADD a.tar /', 'COPY file /abs/', 'COPY file /up/top', 'COPY file /one', 'COPY file /magic/x/']));
      const paths = [`${outside}/file`, '/top', `${outside}/secret`, '/proc/self/root/x/file'];
      assert.is(await see(store, paths), paths.map(() => 'from the context /').join(' '));
    }));

  for (const [title, prepare] of [
    ['a link to a file of the host', (outside: string): TarItem => ({ name: 'etc/passwd', type: '2', link: join(outside, 'secret') })],
    ['a link that climbs out', () => ({ name: 'etc/passwd', type: '2', link: '../../../../../../../../outside/secret' })],
    ['a link through /proc', (outside) => ({ name: 'etc/passwd', type: '2', link: `/proc/self/root${outside}/secret` })],
    ['a fifo', () => ({ name: 'etc/passwd', type: '6' })],
  ] as [string, (outside: string) => TarItem][]) {
    test(`/etc/passwd as ${title} is not read (CVE-2024-9676)`, () =>
      withScene(async ({ store, context, outside, build }) => {
        writeFileSync(join(context, 'a.tar'), tarOf([{ name: 'etc/' }, prepare(outside)]));
        for (const last of [['USER spy', 'RUN ["/x"]'], ['COPY --chown=spy file /']]) {
          refused(
            await build(['FROM scratch', 'ADD a.tar /', ...last]),
            2 + last.length,
            /unable to find user spy: no matching entries in passwd file/,
          );
        }
        // Who is unknown there leaves the directory to root.
        built(await build(['FROM scratch', 'ADD a.tar /', 'USER spy', 'WORKDIR /new']));
        const layout = new Layout(store.root);
        assert.is(layout.list(layout.image('localhost/app:latest').manifest.layers.at(-1)!).get('new/')?.owner, '0/0');
      }));
  }

  test('links in place of the files a RUN is given lead nowhere outside', () =>
    withScene(async ({ store, context, outside, build }) => {
      await addBusybox(store);
      const names = ['resolv.conf', 'hosts', 'hostname'];
      writeFileSync(
        join(context, 'a.tar'),
        tarOf([
          { name: 'etc/' },
          ...names.map((name) => ({ name: `etc/${name}`, type: '2', link: join(outside, name === 'hosts' ? 'secret' : name) })),
        ]),
      );
      built(await build(['FROM localhost/busybox', 'ADD a.tar /', 'RUN cat /etc/hosts; echo x >> /etc/hosts || true']));
      const seen = await look(store, [
        'FROM localhost/app',
        'RUN echo SEEN $(for name in resolv.conf hosts hostname; do readlink /etc/$name; done)',
      ]);
      assert.is(seen, [join(outside, 'resolv.conf'), join(outside, 'secret'), join(outside, 'hostname')].join(' '));
    }));

  test('a fifo in the context is copied, never opened', () =>
    withScene(async ({ context, build }) => {
      execFileSync('mkfifo', [join(context, 'fifo')]);
      for (const line of ['COPY fifo /', 'ADD fifo /', 'COPY . /all']) built(await build(['FROM scratch', line]));
    }));
});
