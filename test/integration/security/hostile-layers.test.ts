import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { addToRegistry, imageOf, writeLayout } from '../../support/hostile-image.js';
import { withRegistry } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { paxRecords, type TarItem, tarOf } from '../../support/tar-of.js';
import { addBusybox, type Run } from '../../support/tsbuild.js';
import { ESCAPED, type Guarded, unchanged, withGuarded } from '../../support/unchanged.js';

// Whole images with hostile layers, as a registry or an archive gives them, and what builds make of them.

interface Scene extends Guarded {
  /** Builds on the image of these layers, so that they must be extracted. */
  readonly buildOn: (layers: readonly Buffer[], lines?: readonly string[]) => Promise<Run>;
}

function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  return withRegistry({}, (registry) =>
    withGuarded(async (place) => {
      const buildOn: Scene['buildOn'] = (layers, lines = ['COPY file /copied']) => {
        writeFileSync(join(place.context, 'file'), 'from the context');
        writeFileSync(
          join(place.context, 'Containerfile'),
          [`FROM ${addToRegistry(registry, imageOf(layers))} AS evil`, ...lines, ''].join('\n'),
        );
        return place.store.tsbuild(['bud', '--tls-verify=false', '-t', 'app', place.context]);
      };
      await body({ ...place, buildOn });
    }),
  );
}

type Layer = (outside: string) => readonly TarItem[];

const REFUSED: readonly (readonly [title: string, layer: Layer])[] = [
  ['a link out of the image and a file below it', (outside) => [{ name: 'a', type: '2', link: outside }, { name: `a/${ESCAPED}` }]],
  ['a link that climbs and a file below it', () => [{ name: 'a', type: '2', link: '../../../../outside' }, { name: `a/${ESCAPED}` }]],
  ['a name that climbs out', () => [{ name: `../${ESCAPED}`, data: 'x' }]],
  ['a name that climbs out in its middle', () => [{ name: `a/../../../${ESCAPED}`, data: 'x' }]],
  ['a PAX name that climbs out', () => [{ name: 'x', data: 'x', pax: [['path', `../../${ESCAPED}`]] }]],
  ['a hard link that climbs out', () => [{ name: 'x', type: '1', link: '../../../../outside/secret' }]],
  ['a hard link by an absolute path', (outside) => [{ name: 'x', type: '1', link: `${outside}/secret` }]],
  [
    'a hard link through a link',
    (outside) => [
      { name: 's', type: '2', link: outside },
      { name: 'x', type: '1', link: 's/secret' },
    ],
  ],
  [
    'a root that is a link',
    (outside) => [
      { name: './', type: '2', link: outside },
      { name: 'secret', data: 'x' },
    ],
  ],
  ['a root that is a file', () => [{ name: './', type: '0', data: 'x' }]],
  ['a whiteout of nothing', () => [{ name: '.wh.' }]],
  ['a whiteout of the folder itself', () => [{ name: 'd/' }, { name: 'd/.wh..' }]],
  ['a whiteout of the folder above', () => [{ name: 'd/' }, { name: 'd/.wh...' }]],
  ['a PAX header of 2 MiB', () => [{ name: 'p', type: 'x', data: paxRecords([['comment', 'x'.repeat(2 ** 21)]]) }, { name: 'x' }]],
  [
    'a sparse map with a million regions',
    () => [
      {
        name: 'x',
        data: `1000000\n${'1\n0\n'.repeat(1_000_000)}`,
        pax: [
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '10'],
        ],
      },
    ],
  ],
];

/** Every attribute by which a layer could steer an overlay, or pass for one of tsbuild's own. */
const steering = (outside: string): [string, string][] =>
  ['trusted', 'user'].flatMap((space): [string, string][] => [
    [`SCHILY.xattr.${space}.overlay.redirect`, outside],
    [`SCHILY.xattr.${space}.overlay.opaque`, 'y'],
    [`SCHILY.xattr.${space}.overlay.metacopy`, ''],
    [`SCHILY.xattr.${space}.containers.override_stat`, '0:0:0104777'],
  ]);

/** Prints the names of these that give a byte. */
const OPEN_EACH = 'for f in disk memory zero; do [ "$(head -c 1 $D/$f 2>/dev/null | wc -c)" = 0 ] || echo OPENED $f; done; echo LOOKED';

const DEVICES: readonly TarItem[] = [
  { name: 'd/' },
  { name: 'd/disk', type: '4', major: 8, minor: 0, mode: 0o666 },
  { name: 'd/memory', type: '3', major: 1, minor: 1, mode: 0o666 },
  // Harmless, and there on every machine: that this one does not open shows that none does.
  { name: 'd/zero', type: '3', major: 1, minor: 5, mode: 0o666 },
];

suite('integration/security/hostile-layers', (test) => {
  test('images are refused whose layers lead out, and nothing outside is touched', () =>
    withScene(async ({ buildOn, outside }) => {
      for (const [title, layer] of REFUSED) {
        const { status, stderr } = await unchanged(outside, () => buildOn([tarOf(layer(outside))]));
        assert.is(status, 125, `${title}: ${stderr}`);
        assert.match(stderr, /Containerfile:[12]:1: .*Cannot (unpack|extract) /, title);
      }
    }));

  test('links in one layer, names through them in the next: each layer is a tree of its own', () =>
    withScene(async ({ buildOn, outside, store }) => {
      const links: TarItem[] = [
        { name: 'l1', type: '2', link: 'l2' },
        { name: 'l2', type: '2', link: outside },
        { name: 'up', type: '2', link: '../../../../../..' },
      ];
      const through: TarItem[] = [
        { name: `l1/${ESCAPED}`, data: 'x' },
        { name: 'l2/secret', data: 'x' },
        { name: `up/tmp/${ESCAPED}`, data: 'x' },
      ];
      const gone: TarItem[] = [{ name: 'l1/.wh.secret' }, { name: 'l2/.wh..wh..opq' }, { name: 'up/.wh.tmp' }];
      const lines = ['COPY file /l1/', 'COPY file /l2/secret', `COPY file /up/tmp/${ESCAPED}`];
      const { status, stderr } = await buildOn([tarOf(links), tarOf(through), tarOf(links), tarOf(gone)], lines);
      assert.is(status, 0, stderr);
      await store.ok(['rmi', '--all', '--force']);
      await store.ok(['prune', '--all', '--force']);
    }));

  test('what follows the end of an archive is read, hashed and never made', () =>
    withScene(async ({ buildOn }) => {
      const layer = Buffer.concat([
        tarOf([{ name: 'f', data: 'x' }]),
        Buffer.alloc(3_000_000, 'x'),
        tarOf([{ name: `../${ESCAPED}`, data: 'x' }]),
      ]);
      const { status, stderr } = await buildOn([layer]);
      assert.is(status, 0, stderr);
    }));

  test('attributes that steer the overlay show nothing of the host', () =>
    withScene(async ({ buildOn, outside, store }) => {
      await addBusybox(store);
      const pax = steering(outside);
      const below = tarOf([{ name: 'd/' }, { name: 'd/below', data: 'x' }]);
      const above = tarOf([
        { name: 'd/', pax },
        { name: 'e/', pax },
        { name: 'f', data: 'own', pax },
      ]);
      const looks = ['FROM localhost/busybox', 'RUN --mount=from=evil,target=/m find /m -type f | sort | xargs stat -c "SEEN %n %a %s"'];
      const { status, stdout, stderr } = await buildOn([below, above], looks);
      assert.is(status, 0, stderr);
      assert.equal(stdout.match(/^SEEN .*/gm), ['SEEN /m/d/below 644 1', 'SEEN /m/f 644 3']);
    }));

  test('the same name many times: the last entry is the one, whatever the first were', () =>
    withScene(async ({ buildOn, outside, store }) => {
      await addBusybox(store);
      const layer = tarOf([
        { name: 'x', type: '2', link: join(outside, 'secret') },
        { name: 'x', data: 'second' },
        { name: './x', type: '2', link: outside },
        { name: 'x/', type: '5' },
        { name: 'x/inside', data: 'x' },
        { name: 'y', type: '2', link: join(outside, 'secret') },
        { name: '/y', data: 'own' },
      ]);
      const lines = ['FROM localhost/busybox', 'RUN --mount=from=evil,target=/m find /m -type f | sort | xargs stat -c "SEEN %n"'];
      const { status, stdout, stderr } = await buildOn([layer], lines);
      assert.is(status, 0, stderr);
      assert.equal(stdout.match(/^SEEN .*/gm), ['SEEN /m/x/inside', 'SEEN /m/y']);
    }));

  test('device nodes of an image open nothing: on its root, in a bind, in a cache', () =>
    withScene(async ({ buildOn, store }) => {
      await addBusybox(store);
      const lines = [
        'FROM localhost/busybox AS both',
        'COPY --from=evil / /',
        `RUN D=/d; ${OPEN_EACH}`,
        `RUN --mount=from=evil,target=/m D=/m/d; ${OPEN_EACH}`,
        `RUN --mount=from=evil,target=/m,rw,dev D=/m/d; ${OPEN_EACH}`,
        `RUN --mount=type=cache,from=evil,target=/m,dev D=/m/d; ${OPEN_EACH}`,
      ];
      const { status, stdout, stderr } = await buildOn([tarOf(DEVICES)], lines);
      assert.is(status, 0, stderr);
      assert.equal(stdout.match(/^(LOOKED|OPENED).*/gm), ['LOOKED', 'LOOKED', 'LOOKED', 'LOOKED']);
      const container = (await store.ok(['from', 'app'])).stdout.trim();
      const seen = await store.ok(['run', container, 'sh', '-c', `D=/d; ${OPEN_EACH}`]);
      assert.is(seen.stdout, 'LOOKED\n');
    }));

  test('device nodes of a context open nothing, and fifos in an image hang nobody', () =>
    withScene(async ({ buildOn, store, context }) => {
      await addBusybox(store);
      writeFileSync(join(context, 'Containerfile'), `FROM localhost/busybox\nRUN --mount=target=/m D=/m/d; ${OPEN_EACH}\n`);
      const tar = Buffer.concat([
        execFileSync('tar', ['-C', context, '-b1', '-cf', '-', 'Containerfile']).subarray(0, -1024),
        tarOf(DEVICES),
      ]);
      const fromTar = await store.tsbuild(['bud', '-'], { stdin: tar });
      // An ordinary user cannot unpack them, and is told.
      if (fromTar.status === 0) assert.equal(fromTar.stdout.match(/^(LOOKED|OPENED).*/gm), ['LOOKED']);
      else assert.match(fromTar.stderr, /Cannot unpack standard input, entry "d\/(disk|memory)"/);
      const fifos = ['etc/passwd', 'etc/group', 'etc/resolv.conf', 'dev/null', 'p'].map((name) => ({ name, type: '6' }));
      const outcome = await buildOn(
        [tarOf([{ name: 'etc/' }, { name: 'dev/' }, ...fifos])],
        ['COPY file /p', 'FROM scratch', 'COPY --from=evil /etc /etc'],
      );
      assert.is(outcome.status, 0, outcome.stderr);
    }));

  test('an oci-archive with a hostile layer is refused as well', () =>
    withGuarded(async ({ store, context, outside }) => {
      for (const [index, [, layer]] of REFUSED.slice(0, 6).entries()) {
        const layout = join(store.directory, `layout-${index}`);
        mkdirSync(layout);
        writeLayout(layout, imageOf([tarOf(layer(outside))]));
        execFileSync('tar', ['-C', layout, '-cf', `${layout}.tar`, '.']);
        writeFileSync(join(context, 'Containerfile'), `FROM oci-archive:${layout}.tar\nCOPY Containerfile /\n`);
        const { status, stderr } = await store.tsbuild(['bud', context]);
        assert.is(status, 125, stderr);
        assert.match(stderr, /Cannot (unpack|extract) /);
      }
    }));
});
