import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { copyShifted, copyVerbatim, shiftOwners } from '../../../src/snapshots/index.js';
import { closeFd, type Fd, getXattr, type IdMaps, mknodat, O_PATH, openat2, setXattr } from '../../../src/sys/index.js';
import { rejects } from '../../support/rejects.js';
import { skip, suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const S_IFCHR = 0o020000;
const MAPS: IdMaps = {
  uids: [
    { inside: 0, outside: 5, count: 10 },
    { inside: 10, outside: 100, count: 10 },
  ],
  gids: [{ inside: 0, outside: 1, count: 30 }],
};
/** linux/capability.h, version 2: CAP_NET_BIND_SERVICE, effective. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

interface Trees {
  readonly source: Fd;
  readonly target: Fd;
  readonly s: (path: string) => string;
  readonly t: (path: string) => string;
}

/** A directory of an overlay's layer, and an empty one. */
async function withLayer(body: (trees: Trees) => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0 || !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8')))
    skip('only root gives files to others');
  await withTempDir(async (directory) => {
    const path = (folder: string) => (name: string) => join(directory, folder, name);
    const [s, t] = [path('source'), path('target')];
    for (const place of [s(''), t('')]) mkdirSync(place, { mode: 0o750 });
    const [source, target] = [s(''), t('')].map((place) => openSync(place, constants.O_RDONLY | constants.O_DIRECTORY)) as [Fd, Fd];
    try {
      mkdirSync(s('d'));
      setXattr(source, 'user.overlay.opaque', Buffer.from('y'));
      writeFileSync(s('d/set'), 'content');
      linkSync(s('d/set'), s('two'));
      chownSync(s('d/set'), 3, 4);
      withFile(s('d/set'), (fd) => setXattr(fd, 'security.capability', CAPABILITY));
      chmodSync(s('d/set'), 0o6755);
      symlinkSync('nowhere', s('link'));
      lchownSync(s('link'), 12, 0);
      mknodat(source, 'gone', S_IFCHR);
      for (const name of ['d/set', 'link']) lutimesSync(s(name), 1000, 2000);
      await body({ source, target, s, t });
    } finally {
      closeSync(source);
      closeSync(target);
    }
  });
}

function withFile<T>(path: string, body: (fd: Fd) => T): T {
  const fd = openat2(-100, path, { flags: O_PATH | constants.O_NOFOLLOW, resolve: 0 });
  try {
    return body(fd);
  } finally {
    closeFd(fd);
  }
}

const capabilityOf = (path: string): string | undefined => withFile(path, (fd) => getXattr(fd, 'security.capability')?.toString('hex'));
const shown = (path: string): string => {
  const { uid, gid, mode, mtimeMs } = lstatSync(path);
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)} ${mtimeMs}`;
};
const owners = (place: (path: string) => string): string[] =>
  ['', 'd', 'd/set', 'two', 'link', 'gone'].map((name) => {
    const { uid, gid } = lstatSync(place(name));
    return `${uid}:${gid}`;
  });
const OUTSIDE = ['5:1', '5:1', '8:5', '8:5', '102:1', '5:1'];
const INSIDE = ['0:0', '0:0', '3:4', '3:4', '12:0', '0:0'];

suite('shifted trees', (test) => {
  test('copyShifted() gives everything to whom its owner is outside, with the marks of overlays', () =>
    withLayer(async ({ source, target, s, t }) => {
      await copyShifted(source, target, MAPS);
      assert.equal(owners(t), OUTSIDE);
      assert.equal(owners(s), INSIDE);
      assert.is(shown(t('d/set')), '8:5 6755 2000000');
      assert.is(lstatSync(t('two')).ino, lstatSync(t('d/set')).ino);
      assert.is(capabilityOf(t('d/set')), CAPABILITY.toString('hex'));
      assert.is(getXattr(target, 'user.overlay.opaque')?.toString(), 'y');
      assert.ok(lstatSync(t('gone')).isCharacterDevice());
      assert.is(lstatSync(t('')).mode & 0o777, 0o750);
      assert.is(shown(t('link')).split(' ')[2], '2000000');
    }));

  test('shiftOwners() goes there and back: modes, capabilities and times stay, a file of two names is given once', () =>
    withLayer(async ({ source, s }) => {
      await shiftOwners(source, MAPS, 'outside');
      assert.equal(owners(s), OUTSIDE);
      await shiftOwners(source, MAPS, 'inside');
      assert.equal(owners(s), INSIDE);
      assert.is(shown(s('d/set')), '3:4 6755 2000000');
      assert.is(capabilityOf(s('d/set')), CAPABILITY.toString('hex'));
    }));

  test('shiftOwners() makes a capability of the namespace inside one of this', () =>
    withLayer(async ({ source, s }) => {
      chownSync(s('two'), 8, 5);
      // Version 3, with the root that is 5 here.
      const inner = Buffer.concat([CAPABILITY, Buffer.from([5, 0, 0, 0])]);
      inner[3] = 3;
      withFile(s('two'), (fd) => setXattr(fd, 'security.capability', inner));
      assert.is(capabilityOf(s('two')), inner.toString('hex'));
      await shiftOwners(source, MAPS, 'inside');
      assert.is(capabilityOf(s('two')), CAPABILITY.toString('hex'));
    }));

  test('an id that the map has not stays what it is, unless it is somebody else outside', () =>
    withLayer(async ({ source, target, s, t }) => {
      chownSync(s('d'), 50, 60);
      await copyShifted(source, target, MAPS);
      assert.equal(owners(t)[1], '50:60');
      await shiftOwners(target, MAPS, 'inside');
      assert.equal(owners(t)[1], '50:60');
      chownSync(s('d'), 105, 0);
      await rejects(shiftOwners(source, MAPS, 'outside'), {
        code: 'UNSUPPORTED',
        message: /^"\/d" belongs to user 105, whom the map of ids does not have$/,
      });
    }));

  test('copyVerbatim() copies a layer as it is', () =>
    withLayer(async ({ source, target, t }) => {
      await copyVerbatim(source, target);
      assert.equal(owners(t), INSIDE);
      assert.is(getXattr(target, 'user.overlay.opaque')?.toString(), 'y');
    }));
});
