import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { EntryStat } from '../../../src/context/selection.js';
import { StatCache } from '../../../src/context/stat-cache.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';

const OLD_NS = 1_700_000_000_000_000_000n;
const STAT: EntryStat = {
  dev: 5,
  ino: 2 ** 40,
  size: 7,
  mtimeNs: OLD_NS,
  ctimeNs: OLD_NS + 1n,
  mode: 0o100644,
  uid: 0,
  gid: 0,
  nlink: 1,
  rdevMajor: 0,
  rdevMinor: 0,
};
const DIGEST = Buffer.alloc(32, 7);
const PATH = Buffer.from([0x61, 0xff]).toString('latin1');
const NOW_MS = Number(OLD_NS / 1_000_000n) + 60_000;

const fileOf = (directory: string) => join(directory, readdirSync(directory)[0]!);

suite('context/stat-cache', (test) => {
  test('get() after save() and load() gives what was set', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(join(directory, 'new'), '/context');
      assert.is(cache.get(PATH, STAT), undefined);
      cache.set(PATH, STAT, DIGEST, NOW_MS);
      cache.set('second', STAT, Buffer.alloc(32, 9), NOW_MS);
      cache.save();
      const again = StatCache.load(join(directory, 'new'), '/context');
      assert.equal(again.get(PATH, STAT), DIGEST);
      assert.equal(again.get('second', STAT), Buffer.alloc(32, 9));
      assert.is(StatCache.load(join(directory, 'new'), '/other').get(PATH, STAT), undefined);
    }));

  for (const change of [
    { dev: 6 },
    { ino: 2 ** 40 + 1 },
    { size: 8 },
    { mtimeNs: OLD_NS + 1n },
    { ctimeNs: OLD_NS },
    { mode: 0o100600 },
  ] as Partial<EntryStat>[]) {
    test(`get() trusts nothing when ${Object.keys(change)[0]} differs`, () =>
      withTempDir((directory) => {
        const cache = StatCache.load(directory, '/context');
        cache.set(PATH, STAT, DIGEST, NOW_MS);
        assert.is(cache.get(PATH, { ...STAT, ...change }), undefined);
      }));
  }

  test('set() does not keep a file that changed just before it was read, or will have', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      const readAt = Number(OLD_NS / 1_000_000n) + 1000;
      cache.set(PATH, STAT, DIGEST, readAt);
      assert.is(cache.get(PATH, STAT), undefined);
      cache.set(PATH, { ...STAT, mtimeNs: OLD_NS * 2n }, DIGEST, NOW_MS);
      assert.is(cache.get(PATH, { ...STAT, mtimeNs: OLD_NS * 2n }), undefined);
      // Only its status changed just now: written, then given an old time.
      cache.set(PATH, { ...STAT, mtimeNs: 1n }, DIGEST, readAt);
      assert.is(cache.get(PATH, { ...STAT, mtimeNs: 1n }), undefined);
    }));

  test('save() writes nothing when nothing was learned', () =>
    withTempDir((directory) => {
      StatCache.load(directory, '/context').save();
      assert.equal(readdirSync(directory), []);
      const cache = StatCache.load(directory, '/context');
      cache.set(PATH, STAT, DIGEST, NOW_MS);
      cache.save();
      utimesSync(fileOf(directory), 1, 1);
      const again = StatCache.load(directory, '/context');
      again.get(PATH, STAT);
      again.save();
      assert.equal(readFileSync(fileOf(directory)).length > 0, true);
    }));

  for (const [title, damage] of [
    ['is cut short', (file) => truncateSync(file, readFileSync(file).length - 1)],
    ['is empty', (file) => truncateSync(file, 0)],
    ['has another version', (file) => writeFileSync(file, 'tsbuild stat 9\n\nxxxxxxxxxxxxxxxxxxxxxxxxxxxx')],
    ['is not one at all', (file) => writeFileSync(file, Buffer.alloc(4096))],
    [
      'is a directory',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ] as [string, (file: string) => void][]) {
    test(`load() of a file that ${title} gives an empty cache that can be saved`, () =>
      withTempDir((directory) => {
        const cache = StatCache.load(directory, '/context');
        cache.set(PATH, STAT, DIGEST, NOW_MS);
        cache.save();
        damage(fileOf(directory));
        const damaged = StatCache.load(directory, '/context');
        assert.is(damaged.get(PATH, STAT), undefined);
        if (title === 'is a directory') return;
        damaged.set(PATH, STAT, DIGEST, NOW_MS);
        damaged.save();
        assert.equal(StatCache.load(directory, '/context').get(PATH, STAT), DIGEST);
      }));
  }

  for (const order of [
    ['a', 'b', 'b/c', 'd'],
    ['d', 'b/c', 'b', 'a'],
    ['b', 'a', 'd', 'b/c'],
  ]) {
    test(`get() finds what is asked for in the order ${order.join(' ')}`, () =>
      withTempDir((directory) => {
        const digestOf = (path: string) => Buffer.alloc(32, path);
        const cache = StatCache.load(directory, '/context');
        for (const path of ['d', 'a', 'b/c']) cache.set(path, STAT, digestOf(path), NOW_MS);
        cache.save();
        const again = StatCache.load(directory, '/context');
        again.set('b', STAT, digestOf('b'), NOW_MS);
        for (const path of order) assert.equal(again.get(path, STAT), digestOf(path));
        again.save();
        const last = StatCache.load(directory, '/context');
        for (const path of order) assert.equal(last.get(path, STAT), digestOf(path));
        for (const path of ['', 'aa', 'c', 'e']) assert.is(last.get(path, STAT), undefined);
      }));
  }

  test('set() takes the place of what was known before', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      cache.set(PATH, STAT, DIGEST, NOW_MS);
      cache.save();
      const changed = { ...STAT, size: 8 };
      const again = StatCache.load(directory, '/context');
      again.set(PATH, changed, Buffer.alloc(32, 8), NOW_MS);
      again.save();
      const last = StatCache.load(directory, '/context');
      assert.is(last.get(PATH, STAT), undefined);
      assert.equal(last.get(PATH, changed), Buffer.alloc(32, 8));
    }));

  test('load() takes the entries before the damage', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      cache.set(PATH, STAT, DIGEST, NOW_MS);
      cache.save();
      appendFileSync(fileOf(directory), Buffer.from([0xff, 0xff, 1]));
      assert.equal(StatCache.load(directory, '/context').get(PATH, STAT), DIGEST);
    }));

  test('save() forgets what nobody asked for once there is much of it', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      for (let index = 0; index < 10_003; index++) cache.set(`old-${index}`, STAT, DIGEST, NOW_MS);
      cache.save();
      const few = StatCache.load(directory, '/context');
      few.set(PATH, STAT, DIGEST, NOW_MS);
      few.get('old-7', STAT);
      few.save();
      // 10 004 are known and two were asked for: as many again may stay, and 10 000 more, so all do.
      assert.equal(StatCache.load(directory, '/context').get('old-8', STAT), DIGEST);
      const more = StatCache.load(directory, '/context');
      more.set('new', STAT, DIGEST, NOW_MS);
      more.save();
      const kept = StatCache.load(directory, '/context');
      assert.is(kept.get('old-8', STAT), undefined);
      assert.equal(kept.get('new', STAT), DIGEST);
    }));
});
