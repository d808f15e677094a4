import * as assert from 'uvu/assert';
import { diffTrees } from '../../../src/snapshots/diff-trees.js';
import type { TreeEntry } from '../../../src/sys/index.js';
import { suite } from '../../support/suite.js';

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const SOCKET = 0o140755;
/** The copy was made at 100; what is changed is changed at 200. */
const [MADE, LATER] = [50n, 200n];

interface Sketch {
  readonly path: string;
  readonly ino: number;
  readonly mode?: number;
  readonly ctimeNs?: bigint;
  readonly mtimeNs?: bigint;
}

function treeOf(sketches: readonly Sketch[]): TreeEntry[] {
  return sketches.map(({ path, ino, mode = FILE, ctimeNs = MADE, mtimeNs = 1n }) => ({
    path: Buffer.from(path),
    mode,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeNs,
    ctimeNs,
    dev: 1,
    ino,
    nlink: 1,
    rdevMajor: 0,
    rdevMinor: 0,
  }));
}

const BEFORE = treeOf([
  { path: 'd', ino: 1, mode: DIRECTORY },
  { path: 'd/e', ino: 2, mode: DIRECTORY },
  { path: 'd/e/f', ino: 3 },
  { path: 'd/g', ino: 4 },
  { path: 'h', ino: 5 },
]);
const COPY: readonly Sketch[] = [
  { path: 'd', ino: 11, mode: DIRECTORY },
  { path: 'd/e', ino: 12, mode: DIRECTORY },
  { path: 'd/e/f', ino: 13 },
  { path: 'd/g', ino: 14 },
  { path: 'h', ino: 5 },
];

function diff(after: readonly Sketch[], differing: readonly string[] = []): string[] {
  const directories = new Map([
    ['d', 11],
    ['d/e', 12],
  ]);
  const entries = diffTrees({
    before: BEFORE,
    after: treeOf(after),
    notes: { unchangedUntilNs: 100n, directories },
    attributesDiffer: (path) => differing.includes(path.toString()),
  });
  return entries.map(({ kind, to }) => `${kind} ${to}`).sort();
}

function changed(path: string, change: Partial<Sketch>): Sketch[] {
  return COPY.map((sketch) => (sketch.path === path ? { ...sketch, ...change } : sketch));
}

function without(...paths: readonly string[]): Sketch[] {
  return COPY.filter(({ path }) => !paths.includes(path));
}

suite('diffTrees()', (test) => {
  const cases: readonly (readonly [string, readonly Sketch[], readonly string[]])[] = [
    ['nothing', COPY, []],
    ['a file written to, whatever time it was given', changed('d/e/f', { ctimeNs: LATER }), ['file d', 'file d/e', 'file d/e/f']],
    ['a shared file whose links others count', changed('h', { ctimeNs: LATER }), []],
    ['a shared file that was replaced', changed('h', { ino: 99, ctimeNs: LATER }), ['file h']],
    ['a directory with another mode', changed('d/e', { mode: 0o040700, ctimeNs: LATER }), ['file d', 'file d/e']],
    ['a directory in which something came and went', changed('d/e', { ctimeNs: LATER }), []],
    ['a removed file', without('d/g'), ['file d', 'whiteout d/g']],
    ['a removed directory', without('d/e', 'd/e/f'), ['file d', 'whiteout d/e']],
    ['a removed file at the top', without('h'), ['whiteout h']],
    ['a file in place of a directory', [...without('d/e', 'd/e/f'), { path: 'd/e', ino: 77, ctimeNs: LATER }], ['file d', 'file d/e']],
    [
      'a directory in place of a file',
      [...without('d/g'), { path: 'd/g', ino: 77, mode: DIRECTORY, ctimeNs: LATER }],
      ['file d', 'file d/g'],
    ],
    [
      'a directory made anew holds only what is new in it',
      [...changed('d/e', { ino: 77, ctimeNs: LATER }).filter(({ path }) => path !== 'd/e/f'), { path: 'd/e/x', ino: 78, ctimeNs: LATER }],
      ['file d', 'file d/e', 'file d/e/x', 'opaque d/e'],
    ],
    [
      'a moved directory takes along files that nothing touched',
      [...without('d/e', 'd/e/f'), { path: 'i', ino: 12, mode: DIRECTORY, ctimeNs: LATER }, { path: 'i/f', ino: 13 }],
      ['file d', 'file i', 'file i/f', 'whiteout d/e'],
    ],
    ['a socket', [...COPY, { path: 's', ino: 77, mode: SOCKET, ctimeNs: LATER }], []],
  ];
  for (const [title, after, expected] of cases) test(title, () => assert.equal(diff(after), [...expected]));

  test('extended attributes of a directory', () => {
    assert.equal(diff(changed('d/e', { ctimeNs: LATER }), ['d/e']), ['file d', 'file d/e']);
    assert.equal(diff(COPY, ['d/e']), []);
  });
});
