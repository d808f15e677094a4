import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { digestHex, digestOf } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { problemsOf } from '../../support/store-problems.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { tarOf } from '../store/sample-image.js';
import { withStore } from '../store/with-store.js';
import { copy } from './transport-support.js';

const LAYERS = [tarOf('a', 'one'), tarOf('b', 'two')] as const;
const DIFF_IDS = LAYERS.map((layer) => digestOf(layer));
const CONFIG = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: DIFF_IDS } }));

type Files = Readonly<Record<string, Buffer | string | { readonly link: string }>>;

async function withArchive(files: Files, body: (path: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const tree = join(directory, 'tree');
    mkdirSync(tree);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(tree, name, '..'), { recursive: true });
      if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, join(tree, name));
      else writeFileSync(join(tree, name), content);
    }
    const file = join(directory, 'a.tar');
    assert.is(spawnSync('tar', ['-C', tree, '-cf', file, '.']).status, 0);
    await body(`docker-archive:${file}`);
  });
}

const list = (...images: readonly unknown[]): string => JSON.stringify(images);

/** What `docker save` wrote before version 25: a directory per layer, a layer that occurs twice as a link. */
const OLD: Files = {
  'manifest.json': list({ Config: 'c.json', RepoTags: ['busybox:1'], Layers: ['one/layer.tar', 'two/layer.tar'] }),
  'c.json': CONFIG,
  'real/layer.tar': LAYERS[0],
  'one/layer.tar': { link: '../real/layer.tar' },
  'two/layer.tar': LAYERS[1],
};

/** What it writes since: an OCI layout, and a manifest.json that points into it; here with one layer compressed. */
const NEW: Files = {
  'manifest.json': list({
    Config: `blobs/sha256/${digestHex(digestOf(CONFIG))}`,
    RepoTags: ['busybox:1'],
    Layers: [`blobs/sha256/${digestHex(digestOf(LAYERS[0]))}`, 'blobs/sha256/compressed'],
    LayerSources: {},
  }),
  'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
  [`blobs/sha256/${digestHex(digestOf(CONFIG))}`]: CONFIG,
  [`blobs/sha256/${digestHex(digestOf(LAYERS[0]))}`]: LAYERS[0],
  'blobs/sha256/compressed': gzipSync(LAYERS[1]),
};

suite('docker-archive source', (test) => {
  for (const [name, files] of [
    ['before Docker 25', OLD],
    ['since Docker 25', NEW],
  ] as const) {
    test(`the layout ${name}`, () =>
      withArchive(files, (path) =>
        withStore(async (store) => {
          for (const reference of ['', ':busybox:1', ':docker.io/library/busybox:1', ':@0']) {
            await copy(store, `${path}${reference}`, 'containers-storage:back');
          }
          const found = store.readImage(store.names.resolve('back')!.descriptor);
          assert.is(found.imageId, digestHex(digestOf(CONFIG)));
          assert.equal(
            found.manifest.layers.map(({ digest }) => digest),
            DIFF_IDS,
          );
          assert.equal(await problemsOf(store), []);
        }),
      ));
  }

  const hostile: readonly [string, Files, string][] = [
    ['no manifest.json', { 'c.json': CONFIG }, 'ARCHIVE_INVALID'],
    ['manifest.json is no JSON', { ...OLD, 'manifest.json': '[' }, 'ARCHIVE_INVALID'],
    ['manifest.json is no list', { ...OLD, 'manifest.json': '{}' }, 'ARCHIVE_INVALID'],
    ['an image of null', { ...OLD, 'manifest.json': '[null]' }, 'ARCHIVE_INVALID'],
    ['no image', { ...OLD, 'manifest.json': '[]' }, 'IMAGE_NOT_FOUND'],
    ['a layer too few', { ...OLD, 'manifest.json': list({ Config: 'c.json', Layers: ['one/layer.tar'] }) }, 'ARCHIVE_INVALID'],
    [
      'one file for two layers',
      { ...OLD, 'manifest.json': list({ Config: 'c.json', Layers: ['one/layer.tar', 'one/layer.tar'] }) },
      'ARCHIVE_INVALID',
    ],
    [
      'layers in the wrong order',
      { ...OLD, 'manifest.json': list({ Config: 'c.json', Layers: ['two/layer.tar', 'one/layer.tar'] }) },
      'DIGEST_MISMATCH',
    ],
    [
      'a path outside',
      { ...OLD, 'manifest.json': list({ Config: '../../../../../../etc/passwd', Layers: ['one/layer.tar', 'two/layer.tar'] }) },
      'ARCHIVE_INVALID',
    ],
    ['a link outside', { ...OLD, 'one/layer.tar': { link: '../../../../../../etc/passwd' } }, 'ARCHIVE_INVALID'],
    ['a huge manifest.json', { ...OLD, 'manifest.json': ' '.repeat(1024 * 1024 + 1) }, 'SIZE_MISMATCH'],
    ['a config that is none', { ...OLD, 'c.json': '{}' }, 'MANIFEST_INVALID'],
  ];
  for (const [name, files, code] of hostile) {
    test(`${name} is refused`, () =>
      withArchive(files, (path) =>
        withStore(async (store) => {
          await rejects(copy(store, path, 'containers-storage:back'), { code });
          assert.equal(store.names.list(), []);
        }),
      ));
  }

  test('a file that is not there', () =>
    withStore(async (store) => {
      await rejects(copy(store, 'docker-archive:/nonexistent.tar', 'containers-storage:back'), {
        code: 'IMAGE_NOT_FOUND',
        message: /nonexistent/,
      });
    }));
});
