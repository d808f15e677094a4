import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { type HostileSite, withSite } from '../../support/hostile/site.js';
import { digestOf, imageOf, MANIFEST_TYPE, type MadeImage, writeLayout } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// Manifests, indexes and configurations that nobody has checked, as a registry and a layout give them to commands.

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const LAYER = tarOf([{ name: 'file', data: 'x' }]);
const GOOD = imageOf([LAYER]);
const CLIMBING = 'sha256:../../../../outside/secret';

type Document = Record<string, unknown>;

interface Case {
  readonly title: string;
  readonly image: MadeImage;
  readonly type?: string;
  readonly says: RegExp;
}

const changed = (title: string, change: (manifest: Document) => Document, says: RegExp): Case => ({
  title,
  image: imageOf([LAYER], { manifest: change }),
  says,
});
const layerThat = (title: string, firstLayer: Document, says: RegExp): Case => ({ title, image: imageOf([LAYER], { firstLayer }), says });
const bytes = (title: string, text: string | Buffer, says: RegExp, type = MANIFEST_TYPE): Case => ({
  title,
  image: { manifest: Buffer.from(text as string), blobs: GOOD.blobs },
  type,
  says,
});
const index = (title: string, entries: unknown, says: RegExp, more: Document = {}): Case =>
  bytes(title, JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: entries, ...more }), says, INDEX_TYPE);

/** The text of a good manifest with one thing replaced. */
const spoiled = (from: string | RegExp, to: string): string => {
  const text = GOOD.manifest.toString();
  assert.ok(from instanceof RegExp ? from.test(text) : text.includes(from));
  return text.replace(from, to);
};

const entryOf = (more: Document = {}): Document => ({
  mediaType: MANIFEST_TYPE,
  digest: digestOf(GOOD.manifest),
  size: GOOD.manifest.length,
  ...more,
});

/** Row 49. */
const PATHS: readonly Case[] = [
  layerThat('the digest of a layer is a path', { digest: CLIMBING }, /"layers\.0\.digest" is wrong: expected sha256 or sha512/),
  layerThat('the digest of a layer has a line break', { digest: `${digestOf(LAYER)}\n` }, /"layers\.0\.digest" is wrong/),
  changed(
    'the digest of the configuration is a path',
    (manifest) => ({ ...manifest, config: { ...(manifest.config as Document), digest: CLIMBING } }),
    /"config\.digest" is wrong: expected sha256 or sha512/,
  ),
  index('the digest of an image of an index is a path', [entryOf({ digest: CLIMBING })], /"manifests\.0\.digest" is wrong/),
  configThat('a diff id is a path', { rootfs: { type: 'layers', diff_ids: [CLIMBING] } }, /"rootfs\.diff_ids\.0" is wrong/),
];

/** Row 50. */
const TWO_MEANINGS: readonly Case[] = [
  changed(
    'a manifest with manifests',
    (manifest) => ({ ...manifest, manifests: [entryOf()] }),
    /ambiguous: "manifests" belongs to another/,
  ),
  index('an index with layers', [entryOf()], /ambiguous: "layers" belongs to another kind/, { layers: [] }),
  changed('layers in two cases', (manifest) => ({ ...manifest, Layers: [] }), /ambiguous: "Layers" differs from "layers" in case only/),
  layerThat('a digest in two cases', { Digest: digestOf(Buffer.from('other')) }, /a member differs from a known one in case only/),
  layerThat('a digest in upper case', { digest: digestOf(LAYER).toUpperCase() }, /"layers\.0\.digest" is wrong/),
  bytes('the same key twice, once escaped', spoiled('"layers":', '"l\\u0061yers":[],"layers":'), /the key "layers" occurs twice/),
  bytes('a manifest declared as an index', GOOD.manifest, /declared as application\/vnd\.oci\.image\.index.* calls itself/, INDEX_TYPE),
  configThat('diff ids in two cases', { rootfs: { type: 'layers', diff_ids: [], Diff_IDs: [digestOf(LAYER)] } }, /in case only/),
];

/** Rows 57 and 62. */
const MALFORMED: readonly Case[] = [
  layerThat('a size of 2^60', { size: 2 ** 60 }, /"layers\.0\.size" is wrong/),
  layerThat('a negative size', { size: -1 }, /"layers\.0\.size" is wrong/),
  bytes('a size of 1e999', spoiled(/"size":\d+/, '"size":1e999'), /it holds a number that is too large|"config\.size" is wrong/),
  layerThat('a layer one byte too long', { size: LAYER.length - 1 }, /more than the \d+ bytes|expected \d+ bytes/),
  layerThat('a layer one byte too short', { size: LAYER.length + 1 }, /expected \d+ bytes/),
  changed('null among the layers', (manifest) => ({ ...manifest, layers: [null] }), /"layers\.0" is wrong/),
  changed('no configuration', ({ config: _, ...manifest }) => manifest, /"config" is wrong/),
  changed(
    'a hundred thousand layers',
    (manifest) => ({ ...manifest, layers: Array(20_001).fill((manifest.layers as unknown[])[0]) }),
    /"layers" is wrong/,
  ),
  index('null among the images of an index', [null], /"manifests\.0" is wrong/),
  index('an index without images', [], /none is for linux/),
  index(
    'a platform that is null inside',
    [entryOf({ platform: { os: null, architecture: null } })],
    /"manifests\.0\.platform\.\w+" is wrong/,
  ),
  bytes('not JSON', '<html>not found</html>', /it is not valid JSON/),
  bytes('null', 'null', /it is not a JSON object/),
  bytes('invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /it is not valid UTF-8/),
  bytes('a byte order mark', `\ufeff${GOOD.manifest}`, /it is not valid JSON/),
  bytes('a hundred thousand brackets', '['.repeat(100_000) + ']'.repeat(100_000), /nested more than|not valid JSON|too deep/),
  bytes(
    'deep nesting in a member nobody knows',
    spoiled('{', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},`),
    /nested more than 64 levels/,
  ),
  configThat('a configuration that is null', null, /config.* is wrong|not an? (JSON )?object/i),
  configThat('null among the diff ids', { rootfs: { type: 'layers', diff_ids: [null] } }, /"rootfs\.diff_ids\.0" is wrong/),
  configThat('fewer diff ids than layers', { rootfs: { type: 'layers', diff_ids: [] } }, /0 .*1 layer|1 layer.* 0/),
  configThat(
    'more diff ids than layers',
    { rootfs: { type: 'layers', diff_ids: [digestOf(LAYER), digestOf(LAYER)] } },
    /2 .*1 layer|1 layer.* 2/,
  ),
  configThat('an environment that is an object', { config: { Env: { PATH: '/bin' } } }, /"config\.Env" is wrong/),
  configThat(
    'a health check every 1e999 nanoseconds',
    '{"config":{"Healthcheck":{"Interval":1e999}}}',
    /a number that is too large|"config/,
  ),
  configThat('a history of more layers than there are', { history: [{}, {}, {}] }, /its history speaks of 3 layers/),
];

/** A configuration with other members; a text is all of it. */
function configThat(title: string, members: Document | string | null, says: RegExp): Case {
  const rest = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: {} };
  const whole = { ...rest, rootfs: { type: 'layers', diff_ids: [digestOf(LAYER)] } };
  const text = typeof members === 'string' ? members : JSON.stringify(members === null ? null : { ...whole, ...members });
  const config = Buffer.from(text);
  const { manifest } = imageOf([LAYER], {
    manifest: (good) => ({ ...good, config: { ...(good.config as Document), digest: digestOf(config), size: config.length } }),
  });
  return { title, image: { manifest, blobs: [config, LAYER] }, says };
}

suite('security/hostile-documents', (test) => {
  for (const [title, cases] of [
    ['digests that are paths are refused in every place of a document', PATHS],
    ['documents of two meanings are refused', TWO_MEANINGS],
    ['malformed documents are refused', MALFORMED],
  ] as const)
    test(`${title}: from a registry`, () =>
      inPlace(async (place, site) => {
        await allRefused(
          place,
          cases.map((one, at) => pullOf(site, one, at)),
        );
        // What was asked for is what a good document would have named: nothing that a bad one says became a path.
        for (const { path } of site.requests)
          assert.match(path, /^\/v2\/(|lib\/\d+\/(manifests\/(latest|sha256:[0-9a-f]{64})|blobs\/sha256:[0-9a-f]{64}))$/);
      }));

  test('the same documents are refused when every other command meets them', () =>
    inPlace(async (place, site) => {
      const { store, context } = place;
      const attemptsOn = (one: Case, at: number): readonly Attempt[] => {
        const name = site.addImage(`lib/${at}`, one.image, one.type);
        const layout = join(store.directory, `layout-${at}`);
        writeLayout(layout, one.image, one.type);
        const build = (text: string, file: string, ...flags: string[]) => {
          const path = join(context, `${at}-${file}`);
          writeFileSync(path, text);
          return ['bud', '--tls-verify=false', '-f', path, ...flags, context];
        };
        const commands = [
          ['from', '--tls-verify=false', name],
          ['image', 'copy', '--src-tls-verify=false', `docker://${name}`, `dir:${join(store.directory, `copy-${at}`)}`],
          ['image', 'inspect', '--tls-verify=false', `docker://${name}`],
          ['pull', `oci:${layout}`],
          ['image', 'copy', `oci:${layout}`, `docker-archive:${join(store.directory, `copy-${at}.tar`)}`],
          build(`FROM ${name}\n`, 'from'),
          build(`FROM scratch\nCOPY --from=${name} /file /\n`, 'copy'),
          build('FROM named\n', 'named', '--build-context', `named=docker-image://${name}`),
          build('FROM named\n', 'layout', '--build-context', `named=oci-layout://${layout}`),
        ];
        return commands.map((args) => ({ title: `${one.title}: ${args.join(' ')}`, args, says: one.says }));
      };
      const attempts = [PATHS[0]!, TWO_MEANINGS[1]!].flatMap(attemptsOn);
      await allRefused(place, attempts);
    }));
});

function pullOf(site: HostileSite, { title, image, type, says }: Case, at: number): Attempt {
  const name = site.addImage(`lib/${at}`, image, type);
  return { title, args: ['pull', '--tls-verify=false', '--retry', '0', `docker://${name}`], says };
}

function inPlace(body: (place: Guarded, site: HostileSite) => Promise<void>): Promise<void> {
  return withSite({}, (site) => withGuarded((place) => body(place, site)));
}
