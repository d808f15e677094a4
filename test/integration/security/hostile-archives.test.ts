import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { imageOf, writeLayout } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { ESCAPED, withGuarded } from '../../support/unchanged.js';

// Images in files and folders that are not what they should be (CVE-2025-11395): links out, and fifos that nobody writes to.

/** More than any of these takes, and far less than a fifo would. */
const PATIENCE_MS = 30_000;

const IMAGE = imageOf([tarOf([{ name: 'f', data: 'x' }])]);

type Spoil = (layout: string, outside: string) => void;

const replaced =
  (name: string, make: (path: string, outside: string) => void): Spoil =>
  (layout, outside) => {
    rmSync(join(layout, name), { recursive: true, force: true });
    make(join(layout, name), outside);
  };
const toSecret = (path: string, outside: string): void => symlinkSync(join(outside, 'secret'), path);
const toFifo = (path: string): void => void execFileSync('mkfifo', [path]);

const LAYOUTS: readonly (readonly [title: string, spoil: Spoil])[] = [
  ['index.json is a link to a file of the host', replaced('index.json', toSecret)],
  ['index.json is a fifo', replaced('index.json', toFifo)],
  ['blobs is a link to a folder of the host', replaced('blobs', (path, outside) => symlinkSync(outside, path))],
  ['blobs are fifos', (layout) => eachBlob(layout, toFifo)],
  ['blobs are links to a file of the host', (layout, outside) => eachBlob(layout, (path) => toSecret(path, outside))],
  [
    'a digest is a path',
    (layout) => {
      const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: 'sha256:../../../outside/secret', size: 31 };
      writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    },
  ],
];

function eachBlob(layout: string, make: (path: string) => void): void {
  const folder = join(layout, 'blobs/sha256');
  for (const name of readdirSync(folder)) {
    rmSync(join(folder, name));
    make(join(folder, name));
  }
}

const DOCKER_MANIFEST = { Config: 'config.json', RepoTags: ['evil:latest'], Layers: ['layer.tar'] };
const MEMBERS = {
  'config.json': { data: IMAGE.blobs[0]! },
  'layer.tar': { data: IMAGE.blobs[1]! },
};

/** Members of an archive as `docker save` makes them. */
const DOCKER: readonly (readonly [
  title: string,
  members: Readonly<Record<string, { data?: Buffer; type?: string; link?: string }>>,
  manifest: object,
])[] = [
  ['a layer is a link to a file of the host', { ...MEMBERS, 'layer.tar': { type: '2', link: '/OUTSIDE/secret' } }, DOCKER_MANIFEST],
  ['a layer is a hard link that climbs', { ...MEMBERS, 'layer.tar': { type: '1', link: '../../outside/secret' } }, DOCKER_MANIFEST],
  ['a layer is a fifo', { ...MEMBERS, 'layer.tar': { type: '6' } }, DOCKER_MANIFEST],
  [
    'the configuration is a link that climbs',
    { ...MEMBERS, 'config.json': { type: '2', link: '../../../../outside/secret' } },
    DOCKER_MANIFEST,
  ],
  ['a layer is named by a path of the host', MEMBERS, { ...DOCKER_MANIFEST, Layers: ['/OUTSIDE/secret'] }],
  ['a layer is named by a path that climbs', MEMBERS, { ...DOCKER_MANIFEST, Layers: ['../outside/secret'] }],
];

suite('integration/security/hostile-archives', (test) => {
  for (const [title, spoil] of LAYOUTS) {
    for (const kind of ['oci', 'oci-archive'] as const) {
      test(`${kind}: ${title}`, () =>
        withGuarded(async ({ store, outside }) => {
          const layout = join(store.directory, 'layout');
          mkdirSync(layout);
          writeLayout(layout, IMAGE);
          spoil(layout, outside);
          if (kind === 'oci-archive') {
            execFileSync('tar', ['-C', layout, '-cf', `${layout}.tar`, '.']);
            rmSync(layout, { recursive: true });
            renameSync(`${layout}.tar`, layout);
          }
          const { status, stdout, stderr, signal } = await store.tsbuild(['pull', `${kind}:${layout}`], {
            signal: AbortSignal.timeout(PATIENCE_MS),
          });
          assert.is(signal, null, 'it waits for somebody');
          assert.is(status, 125, stderr);
          assert.not.match(stdout + stderr, /spy:x/);
          assert.is((await store.ok(['images', '-q'])).stdout, '');
        }));
    }
  }

  for (const [title, members, manifest] of DOCKER) {
    test(`docker-archive: ${title}`, () =>
      withGuarded(async ({ store, outside }) => {
        const file = join(store.directory, 'a.tar');
        const text = JSON.stringify([manifest]).replace('/OUTSIDE', outside);
        const items = Object.entries(members).map(([name, member]) => ({
          name,
          ...member,
          ...(member.link === undefined ? {} : { link: member.link.replace('/OUTSIDE', outside) }),
        }));
        writeFileSync(
          file,
          tarOf([
            ...items,
            { name: 'manifest.json', data: text },
            { name: `../${ESCAPED}`, data: 'x' },
            { name: `../../${ESCAPED}`, data: 'x' },
          ]),
        );
        for (const args of [
          ['pull', `docker-archive:${file}`],
          ['load', '-i', file],
        ]) {
          const { status, stdout, stderr, signal } = await store.tsbuild(args, { signal: AbortSignal.timeout(PATIENCE_MS) });
          assert.is(signal, null, 'it waits for somebody');
          assert.is(status, 125, stderr);
          assert.not.match(stdout + stderr, /spy:x/);
        }
      }));
  }

  for (const [title, spoil] of [
    ['a manifest that is a fifo', replaced('manifest.json', toFifo)],
    [
      'blobs that are links to a file of the host',
      (folder: string, outside: string) => {
        for (const blob of IMAGE.blobs)
          replaced(execFileSync('sha256sum', { input: blob }).toString().slice(0, 64), toSecret)(folder, outside);
      },
    ],
  ] as const) {
    test(`dir: ${title}`, () =>
      withGuarded(async ({ store, outside }) => {
        const folder = join(store.directory, 'folder');
        mkdirSync(folder);
        writeFileSync(join(folder, 'version'), 'Directory Transport Version: 1.1\n');
        writeFileSync(join(folder, 'manifest.json'), IMAGE.manifest);
        for (const blob of IMAGE.blobs)
          writeFileSync(join(folder, execFileSync('sha256sum', { input: blob }).toString().slice(0, 64)), blob);
        spoil(folder, outside);
        const { status, stdout, stderr, signal } = await store.tsbuild(['pull', `dir:${folder}`], {
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        assert.is(signal, null, 'it waits for somebody');
        assert.is(status, 125, stderr);
        assert.not.match(stdout + stderr, /spy:x/);
      }));
  }

  test('push into a folder whose files are links changes nothing that they lead to', () =>
    withGuarded(async ({ store, context, outside }) => {
      writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
      await store.ok(['bud', '-q', '-t', 'app', context]);
      for (const [kind, names] of [
        ['oci', ['index.json', 'oci-layout']],
        ['dir', ['manifest.json', 'version']],
      ] as const) {
        const folder = join(store.directory, `to-${kind}`);
        mkdirSync(folder);
        for (const name of names) toSecret(join(folder, name), outside);
        await store.tsbuild(['push', 'app', `${kind}:${folder}`]);
      }
      for (const kind of ['oci-archive', 'docker-archive']) {
        const file = join(store.directory, `to-${kind}`);
        toSecret(file, outside);
        await store.tsbuild(['push', 'app', `${kind}:${file}`]);
      }
    }));
});
