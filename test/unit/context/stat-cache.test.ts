import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { EntryStat } from '../../../src/context/selection.js';
import { StatCache } from '../../../src/context/stat-cache.js';
import { type EntryDigests, KNOWN, packTree, unknownDigests } from '../../../src/sys/index.js';
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

  const MANY = 2000;
  const nameOf = (index: number): string => `f${String(index).padStart(5, '0')}`;
  const treeOf = (directory: string, change: (index: number) => Partial<EntryStat> = () => ({}), count = MANY): EntryDigests => {
    const entries = Array.from({ length: count }, (_, index) => ({
      path: Buffer.from(nameOf(index)),
      stat: { ...STAT, ...change(index) },
    }));
    return unknownDigests(packTree(entries), Buffer.from(directory, 'latin1'));
  };
  const read = (known: EntryDigests, fill: number): EntryDigests => {
    for (let index = 0; index < known.tree.length; index++) known.digests.writeUInt32BE(fill + index, index * 32);
    return known;
  };
  const found = (known: EntryDigests): number[] =>
    [...known.states].flatMap((state, index) => (state === KNOWN ? [known.digests.readUInt32BE(index * 32)] : []));
  const numbers = (from: number, count = MANY): number[] => Array.from({ length: count }, (_, index) => from + index);

  test('find() of a large tree gives what learn() kept, in whatever order trees come', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      for (const [name, from] of [
        ['m', 10_000],
        ['b\xff', 20_000],
        ['', 30_000],
      ] as const)
        cache.learn(read(treeOf(name), from), NOW_MS);
      cache.save();
      const again = StatCache.load(directory, '/context');
      for (const [name, from] of [
        ['m', 10_000],
        ['', 30_000],
        ['b\xff', 20_000],
      ] as const) {
        const known = treeOf(name);
        again.find(known);
        assert.equal(found(known), numbers(from), JSON.stringify(name));
        assert.equal(again.get(name === '' ? nameOf(7) : `${name}/${nameOf(7)}`, STAT)?.readUInt32BE(0), from + 7);
      }
      const elsewhere = treeOf('c');
      again.find(elsewhere);
      assert.equal(found(elsewhere), []);
    }));

  test('find() gives what learn() kept before it was saved, and save() does so once', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      cache.learn(read(treeOf('m'), 1), NOW_MS);
      const known = treeOf('m');
      cache.find(known);
      assert.equal(found(known), numbers(1));
      cache.learn(known, NOW_MS);
      cache.save();
      const { length } = readFileSync(fileOf(directory));
      assert.is(length, 16 + MANY * (2 + 'm/f00000'.length + 76));
      const again = StatCache.load(directory, '/context');
      const changed = treeOf('m', (index) => (index === 3 ? { size: 8 } : {}));
      again.find(changed);
      assert.equal(found(changed), [...numbers(1, 3), ...numbers(5, MANY - 4)]);
      again.learn(read(changed, 1), NOW_MS);
      again.save();
      assert.is(readFileSync(fileOf(directory)).length, length);
      assert.equal(
        StatCache.load(directory, '/context')
          .get(`m/${nameOf(3)}`, { ...STAT, size: 8 })
          ?.readUInt32BE(0),
        4,
      );
    }));

  test('learn() keeps no file that changed just before it was read, nor what has no content', () =>
    withTempDir((directory) => {
      for (const count of [10, MANY]) {
        const young = (index: number): Partial<EntryStat> =>
          index === 1 ? { mtimeNs: OLD_NS * 2n } : index === 2 ? { ctimeNs: OLD_NS * 2n } : index === 3 ? { mode: 0o120777 } : {};
        const cache = StatCache.load(directory, `/context ${count}`);
        const entries = treeOf('', young, count);
        assert.is(entries.states[3], KNOWN);
        cache.learn(read(entries, 1), NOW_MS);
        const known = treeOf('', young, count);
        cache.find(known);
        assert.equal(found(known), [1, 0, ...numbers(5, count - 4)]);
        assert.is(cache.get(nameOf(1), { ...STAT, mtimeNs: OLD_NS * 2n }), undefined);
      }
    }));

  test('save() keeps the order of paths when trees were learned in another', () =>
    withTempDir((directory) => {
      const cache = StatCache.load(directory, '/context');
      cache.learn(read(treeOf('z'), 1), NOW_MS);
      cache.set('zz', STAT, DIGEST, NOW_MS);
      cache.learn(read(treeOf('a'), 5), NOW_MS);
      cache.save();
      const bytes = readFileSync(fileOf(directory));
      const paths: string[] = [];
      for (let at = 16; at < bytes.length; ) {
        const end = at + 2 + bytes.readUInt16LE(at);
        paths.push(bytes.toString('latin1', at + 2, end));
        at = end + 76;
      }
      const names = numbers(0).map(nameOf);
      assert.equal(paths, [...names.map((name) => `a/${name}`), ...names.map((name) => `z/${name}`), 'zz']);
    }));
});
