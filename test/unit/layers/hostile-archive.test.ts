import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { applyLayer, extractArchive } from '../../../src/layers/index.js';
import { getXattr, O_PATH, openat2, probeFence } from '../../../src/sys/index.js';
import { makeDirectory, withDirectoryFd } from '../../support/layer-tree.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { END, paxRecords, type TarItem, tarEntry, tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';

const ME = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const own = (fields: TarItem): TarItem => ({ ...ME, ...fields });

interface Place {
  readonly root: string;
  /** A directory beside the root with one file, `victim`. */
  readonly outside: string;
}

/** Runs `body` with a root and something outside, and checks afterwards that the outside is as it was. */
async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  await withTempDir(async (dir) => {
    const place = { root: makeDirectory(join(dir, 'root')), outside: makeDirectory(join(dir, 'outside')) };
    const victim = join(place.outside, 'victim');
    writeFileSync(victim, 'untouched', { mode: 0o600 });
    const before = lstatSync(victim);
    await body(place);
    assert.equal(readdirSync(dir).sort(), ['outside', 'root']);
    assert.equal(readdirSync(place.outside), ['victim']);
    const after = lstatSync(victim);
    assert.is(readFileSync(victim, 'utf8'), 'untouched');
    const facts = (stat: typeof before) => [stat.ino, stat.mode, stat.uid, stat.gid, stat.nlink, stat.mtimeMs, stat.ctimeMs];
    assert.equal(facts(after), facts(before));
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const asLayer = (place: Place, tar: Uint8Array) =>
  withDirectoryFd(place.root, (target) =>
    applyLayer({ blob: once(tar), compression: 'none', target, whiteouts: 'overlay-user', lowers: [] }),
  );

const asArchive = (place: Place, tar: Uint8Array) =>
  withDirectoryFd(place.root, (target) => extractArchive({ source: once(tar), target, prefix: Buffer.from('') }));

const BOTH = [
  ['applyLayer', asLayer],
  ['extractArchive', asArchive],
] as const;

type Case = readonly [title: string, code: string, items: (place: Place) => readonly TarItem[]];

const REFUSED: readonly Case[] = [
  ['a name that begins with ..', 'PATH_ESCAPE', () => [own({ name: '../outside/victim', data: 'evil' })]],
  ['a name that climbs out in its middle', 'PATH_ESCAPE', () => [own({ name: 'a/../../outside/victim', data: 'evil' })]],
  ['a whole name of ..', 'PATH_ESCAPE', () => [own({ name: '..', type: '5' })]],
  ['a PAX path that climbs out', 'PATH_ESCAPE', () => [own({ name: 'ok', data: 'evil', pax: [['path', '../outside/victim']] })]],
  ['a hard link to a file outside', 'PATH_ESCAPE', () => [own({ name: 'h', type: '1', link: '../outside/victim' })]],
  ['a hard link by an absolute path', 'ARCHIVE_INVALID', ({ outside }) => [own({ name: 'h', type: '1', link: `${outside}/victim` })]],
  [
    'a hard link through a symbolic link',
    'ARCHIVE_INVALID',
    ({ outside }) => [own({ name: 's', type: '2', link: outside }), own({ name: 'h', type: '1', link: 's/victim' })],
  ],
  [
    'a root that is a symbolic link',
    'ARCHIVE_INVALID',
    ({ outside }) => [own({ name: './', type: '2', link: outside }), own({ name: 'victim' })],
  ],
  ['a root that is a file', 'ARCHIVE_INVALID', () => [own({ name: '.', type: '0', data: 'x' })]],
  ['an entry without a name', 'ARCHIVE_INVALID', () => [own({ name: '', data: 'x' })]],
  ['a file as a parent', 'ARCHIVE_INVALID', () => [own({ name: 'f' }), own({ name: 'f/g' })]],
  [
    'links in a circle as a parent',
    'ARCHIVE_INVALID',
    () => [own({ name: 'a', type: '2', link: 'b' }), own({ name: 'b', type: '2', link: 'a' }), own({ name: 'a/f' })],
  ],
  ['a hard link to a directory', 'ARCHIVE_INVALID', () => [own({ name: 'd/' }), own({ name: 'h', type: '1', link: 'd' })]],
  ['a hard link to nothing', 'ARCHIVE_INVALID', () => [own({ name: 'h', type: '1', link: 'missing' })]],
  ['a device that is a whiteout', 'ARCHIVE_INVALID', () => [own({ name: 'etc', type: '3', major: 0, minor: 0 })]],
  ['a name of 300 bytes', 'ARCHIVE_INVALID', () => [own({ name: 'x', pax: [['path', 'n'.repeat(300)]] })]],
  ['a path of 5000 bytes', 'ARCHIVE_INVALID', () => [own({ name: 'x', pax: [['path', 'dir/'.repeat(1250)]], type: '5' })]],
  ['a name with a NUL byte', 'ARCHIVE_INVALID', () => [own({ name: 'x', pax: [['path', 'a\0b']] })]],
  ['an unknown type', 'ARCHIVE_INVALID', () => [own({ name: 'x', type: 'Q' })]],
  ['an owner of -1', 'ARCHIVE_INVALID', () => [own({ name: 'x', pax: [['uid', '4294967295']] })]],
  ['a negative size', 'ARCHIVE_INVALID', () => [own({ name: 'x', edit: (header) => header.fill(0xff, 124, 136) })]],
  [
    'a size beyond 63 bits',
    'ARCHIVE_INVALID',
    () => [own({ name: 'x', edit: (header) => header.fill(0x7f, 125, 136).fill(0x80, 124, 125) })],
  ],
  ['a size that is no number', 'ARCHIVE_INVALID', () => [own({ name: 'x', edit: (header) => header.write('12x45', 124) })]],
  ['a wrong checksum', 'ARCHIVE_INVALID', () => [own({ name: 'x', spoil: (header) => header.writeUInt8(0x79, 0) })]],
  [
    'a PAX header of 2 MiB',
    'ARCHIVE_INVALID',
    () => [own({ name: 'p', type: 'x', data: paxRecords([['comment', 'x'.repeat(2 ** 21)]]) }), own({ name: 'x' })],
  ],
  ['a PAX header that announces 8 GiB', 'ARCHIVE_INVALID', () => [own({ name: 'p', type: 'x', size: 8 * 1024 ** 3 - 1 })]],
  [
    'a GNU long name of 2 MiB',
    'ARCHIVE_INVALID',
    () => [own({ name: '././@LongLink', type: 'L', data: 'x'.repeat(2 ** 21) }), own({ name: 'x' })],
  ],
  [
    'a PAX record longer than its header',
    'ARCHIVE_INVALID',
    () => [own({ name: 'p', type: 'x', data: '99 path=x\n' }), own({ name: 'x' })],
  ],
  ['a PAX record of length 0', 'ARCHIVE_INVALID', () => [own({ name: 'p', type: 'x', data: '0 path=x\n' }), own({ name: 'x' })]],
  ['a PAX record without a key', 'ARCHIVE_INVALID', () => [own({ name: 'p', type: 'x', data: '6 =xx\n' }), own({ name: 'x' })]],
  ['a PAX header before nothing', 'ARCHIVE_INVALID', () => [own({ name: 'p', type: 'x', data: paxRecords([['path', 'x']]) })]],
  ['an entry behind a zero block', 'ARCHIVE_INVALID', () => [own({ name: 'z', spoil: (header) => header.fill(0) }), own({ name: 'x' })]],
  [
    'a sparse map that leaves its file',
    'ARCHIVE_INVALID',
    () => [
      own({
        name: 'x',
        data: 'abc',
        pax: [
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '9,3'],
        ],
      }),
    ],
  ],
  [
    'a sparse map that overlaps itself',
    'ARCHIVE_INVALID',
    () => [
      own({
        name: 'x',
        data: 'abcdef',
        pax: [
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '0,3,2,3'],
        ],
      }),
    ],
  ],
  [
    'a sparse map that does not match its data',
    'ARCHIVE_INVALID',
    () => [
      own({
        name: 'x',
        data: 'abc',
        pax: [
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '0,4'],
        ],
      }),
    ],
  ],
  [
    'a sparse map with a million regions',
    'ARCHIVE_INVALID',
    () => [
      own({
        name: 'x',
        data: `1000000\n${'1\n0\n'.repeat(1_000_000)}`,
        pax: [
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '10'],
        ],
      }),
    ],
  ],
  [
    'a sparse map that never ends',
    'ARCHIVE_INVALID',
    () => [
      own({
        name: 'x',
        data: '9'.repeat(4096),
        pax: [
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.realsize', '10'],
        ],
      }),
    ],
  ],
];

suite('layers/hostile-archive', (test) => {
  for (const [title, code, items] of REFUSED) {
    for (const [how, extract] of BOTH) {
      test(`${how}() refuses ${title}`, async () => {
        await withPlace(async (place) => {
          const error = await rejects(extract(place, tarOf(items(place))), { code });
          if (code === 'PATH_ESCAPE') assert.match(error.message, /out of the root/);
        });
      });
    }
  }

  for (const [how, extract] of BOTH) {
    test(`${how}() keeps what goes through a symbolic link inside the root`, async () => {
      await withPlace(async (place) => {
        mkdirSync(join(place.root, 'tmp'));
        const tar = tarOf([
          own({ name: 'absolute', type: '2', link: '/tmp' }),
          own({ name: 'absolute/f', data: 'inside' }),
          own({ name: 'climbing', type: '2', link: '../../../../tmp' }),
          own({ name: 'climbing/g', data: 'inside' }),
        ]);
        await extract(place, tar);
        assert.equal(readdirSync(join(place.root, 'tmp')).sort(), ['f', 'g']);
      });
    });

    test(`${how}() makes no parents through a symbolic link that leads nowhere`, async () => {
      await withPlace(async (place) => {
        const tar = tarOf([own({ name: 's', type: '2', link: place.outside }), own({ name: 's/victim', data: 'evil' })]);
        await rejects(extract(place, tar), { code: 'ARCHIVE_INVALID', message: /"s" above it is not a directory/ });
      });
    });

    test(`${how}() takes an absolute name for one inside the root`, async () => {
      await withPlace(async (place) => {
        await extract(place, tarOf([own({ name: '/etc//./f', data: 'x' })]));
        assert.is(readFileSync(join(place.root, 'etc/f'), 'utf8'), 'x');
      });
    });

    test(`${how}() replaces a symbolic link in the way and does not follow it`, async () => {
      await withPlace(async (place) => {
        const victim = join(place.outside, 'victim');
        for (const name of ['file', 'link', 'fifo', 'dir', 'hard'])
          symlinkSync(name === 'dir' ? place.outside : victim, join(place.root, name));
        const tar = tarOf([
          own({ name: 'file', data: 'evil', mode: 0o777, mtime: 1 }),
          own({ name: 'link', type: '2', link: 'x' }),
          own({ name: 'fifo', type: '6' }),
          own({ name: 'dir/', mode: 0o777 }),
          own({ name: 'dir/victim', data: 'evil' }),
          own({ name: 'hard', type: '1', link: 'file' }),
        ]);
        await extract(place, tar);
        assert.ok(lstatSync(join(place.root, 'file')).isFile());
        assert.ok(lstatSync(join(place.root, 'dir')).isDirectory());
        assert.ok(lstatSync(join(place.root, 'fifo')).isFIFO());
        assert.is(lstatSync(join(place.root, 'hard')).ino, lstatSync(join(place.root, 'file')).ino);
      });
    });

    test(`${how}() does not write through a hard link it made to a symbolic link`, async () => {
      await withPlace(async (place) => {
        const tar = tarOf([
          own({ name: 's', type: '2', link: join(place.outside, 'victim') }),
          own({ name: 'h', type: '1', link: 's' }),
          own({ name: 'h', data: 'evil', mode: 0o777 }),
        ]);
        await extract(place, tar);
        assert.is(readFileSync(join(place.root, 'h'), 'utf8'), 'evil');
        assert.ok(lstatSync(join(place.root, 's')).isSymbolicLink());
      });
    });

    test(`${how}() follows a directory that is replaced by a link in mid-archive only inside the root`, async () => {
      await withPlace(async (place) => {
        const tar = tarOf([
          own({ name: 'd/' }),
          own({ name: 'd/first', data: '1' }),
          own({ name: 'd', type: '2', link: place.outside }),
          own({ name: 'd/victim', data: 'evil' }),
        ]);
        await rejects(extract(place, tar), { code: 'ARCHIVE_INVALID' });
      });
    });

    test(`${how}() drops attributes that steer the overlay or tsbuild itself`, async () => {
      await withPlace(async (place) => {
        const pax = [
          'user.overlay.opaque',
          'user.overlay.redirect',
          'trusted.overlay.redirect',
          'trusted.overlay.opaque',
          'user.containers.override_stat',
          'security.selinux',
        ].map((name) => [`SCHILY.xattr.${name}`, 'y'] as const);
        await extract(place, tarOf([own({ name: 'd/', pax }), own({ name: 'f', pax: [...pax, ['SCHILY.xattr.user.mine', 'kept']] })]));
        await withDirectoryFd(place.root, (root) => {
          for (const name of ['d', 'f']) {
            const fd = openat2(root, name, { flags: O_PATH });
            for (const [key] of pax) assert.is(getXattr(fd, key.slice('SCHILY.xattr.'.length)), undefined, `${key} of ${name}`);
          }
          assert.is(getXattr(openat2(root, 'f', { flags: O_PATH }), 'user.mine')?.toString(), 'kept');
        });
      });
    });

    test(`${how}() refuses an archive cut at any place before its end`, async () => {
      const tar = tarOf([own({ name: 'f', data: 'x'.repeat(600), pax: [['mtime', '1.5']] }), own({ name: 'g' })]);
      for (const length of [0, 1, 511, 512, 700, 1024, 1536, 1600, 2048, 2500, 2560, tar.length - END.length]) {
        await withPlace(async (place) => {
          await rejects(extract(place, tar.subarray(0, length)), { code: 'ARCHIVE_INVALID', message: /ends too early/ });
        });
      }
    });

    test(`${how}() reads to the end of what follows the end of the archive`, async () => {
      await withPlace(async (place) => {
        await extract(place, Buffer.concat([tarOf([own({ name: 'f' })]), Buffer.alloc(3_000_000, 'x'), tarOf([own({ name: '../evil' })])]));
        assert.equal(readdirSync(place.root), ['f']);
      });
    });
  }

  test('applyLayer() makes a sparse file of 4 EiB or says that the file system cannot', async () => {
    await withPlace(async (place) => {
      const size = 2n ** 62n;
      const tar = tarOf([
        own({
          name: 'x',
          data: 'abc',
          pax: [
            ['GNU.sparse.size', String(size)],
            ['GNU.sparse.map', '0,3'],
          ],
        }),
      ]);
      const started = Date.now();
      await asLayer(place, tar).catch((error: { code?: string }) => assert.is(error.code, 'SYSTEM'));
      assert.ok(Date.now() - started < 5000, 'its holes are not read');
    });
  });

  for (const name of ['.wh.', '.wh..', '.wh...', 'd/.wh...', '.wh.d/f']) {
    test(`applyLayer() refuses the whiteout "${name}"`, async () => {
      await withPlace(async (place) => {
        await rejects(asLayer(place, tarOf([own({ name, data: '' })])), { code: 'ARCHIVE_INVALID', message: /whiteout/ });
      });
    });
  }

  // Its descriptor was opened when it was inside, and nothing looks it up again: only the fence knows where it is now.
  test('a directory that is moved out while it is filled takes nothing along', async () => {
    await withTempDir(async (dir) => {
      const fence = await withDirectoryFd(makeDirectory(join(dir, 'a')), (inside) =>
        withDirectoryFd(makeDirectory(join(dir, 'b')), (outside) => probeFence(inside, outside)),
      );
      if (!fence.holds) skip(`this kernel has Landlock version ${fence.version}`);
      const root = makeDirectory(join(dir, 'root'));
      const outside = makeDirectory(join(dir, 'outside'));
      async function* source(): AsyncGenerator<Uint8Array> {
        // More than what is collected before it is handed on.
        yield Buffer.concat([tarEntry(own({ name: 'd/' })), tarEntry(own({ name: 'd/first', data: Buffer.alloc(600_000) }))]);
        while (!existsSync(join(root, 'd/first'))) await setTimeout(1);
        renameSync(join(root, 'd'), join(outside, 'd'));
        yield Buffer.concat([tarEntry(own({ name: 'd/second', data: 'evil' })), END]);
      }
      const extracted = withDirectoryFd(root, (target) => extractArchive({ source: source(), target, prefix: Buffer.from('') }));
      await rejects(extracted, { code: 'SYSTEM', message: /EACCES/ });
      assert.equal(readdirSync(join(outside, 'd')), ['first']);
    });
  });

  test('extractArchive() takes whiteouts for names', async () => {
    await withPlace(async (place) => {
      writeFileSync(join(place.root, 'kept'), '');
      await asArchive(place, tarOf([own({ name: '.wh.kept' }), own({ name: '.wh..wh..opq' })]));
      assert.equal(readdirSync(place.root).sort(), ['.wh..wh..opq', '.wh.kept', 'kept']);
    });
  });

  test('applyLayer() survives random damage', async () => {
    const tar = tarOf([
      own({ name: 'd/' }),
      own({
        name: 'd/f',
        data: 'x'.repeat(700),
        pax: [
          ['path', 'd/f'],
          ['size', '700'],
          ['SCHILY.xattr.user.a', 'b'],
        ],
      }),
      own({ name: 'd/l', type: '2', link: 'f' }),
      own({
        name: 's',
        data: 'abc',
        pax: [
          ['GNU.sparse.size', '10'],
          ['GNU.sparse.map', '0,3'],
        ],
      }),
      tarItemOfLongName(),
      own({ name: 'd/h', type: '1', link: 'd/f' }),
    ]);
    // A fixed sequence (numerical recipes' generator), so that a failure can be repeated.
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    await withPlace(async (place) => {
      for (let round = 0; round < 200; round++) {
        const damaged = Buffer.from(tar);
        for (let i = 0; i <= random(3); i++) damaged[random(damaged.length)] = random(256);
        fixChecksums(damaged);
        const root = makeDirectory(join(place.root, String(round)));
        await asLayer({ ...place, root }, damaged).catch((error: { code?: string }) => {
          assert.ok(['ARCHIVE_INVALID', 'PATH_ESCAPE', 'SYSTEM'].includes(error.code ?? ''), `round ${round}: ${String(error)}`);
        });
      }
    });
  });
});

function tarItemOfLongName(): TarItem {
  return own({ name: '././@LongLink', type: 'L', data: `${'long'.repeat(40)}\0` });
}

/** Right checksums where headers stand, so that the damage reaches what lies behind them. */
function fixChecksums(tar: Buffer): void {
  for (let at = 0; at < tar.length; at += 512) {
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    tar.fill(0x20, at + 148, at + 156);
    let sum = 0;
    for (let i = at; i < at + 512; i++) sum += tar[i]!;
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}
