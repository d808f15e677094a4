import type { TreeLines } from '../../../support/tree-lines.js';

/** What a COPY of these does to {@link BASE}. */
export interface PlacementCase {
  readonly title: string;
  /** As in the instruction: flags, sources, destination. */
  readonly copy: string;
  /** Lines of the tree that are new or changed (`+`) and gone (`-`). `error`: the copy fails. */
  readonly expected: readonly string[] | 'error';
  /** What Buildah does, where that is something else and why ours is kept. */
  readonly buildah?: string;
}

export const BASE: TreeLines = [
  'd 755 dir',
  'f 600 dir/old old',
  'd 700 dir/sub',
  'f 644 file text',
  'l todir dir',
  'l tofile file',
  'l dangling nowhere/x',
  'l absolute /dir',
  'l up ../../../dir',
  'l loop loop',
];

export const CONTEXT: TreeLines = [
  'f 640 a A',
  'f 755 b B',
  'd 700 src',
  'f 644 src/one 1',
  'd 711 src/sub',
  'f 644 src/sub/two 2',
  'l src/link sub/two',
  'l alink a',
  'l srclink src',
  'd 755 empty',
  'd 755 filedir',
  'f 644 filedir/dir D',
  'd 755 dirfile',
  'd 750 dirfile/file',
  'f 644 dirfile/file/x X',
  'd 755 dirlink',
  'd 755 dirlink/todir',
  'f 644 dirlink/todir/x X',
  'd 755 linkdir',
  'l linkdir/dir elsewhere',
  'd 755 filelink',
  'f 644 filelink/tofile X',
  'd 755 raw',
  'f 644 raw/\\xff raw',
  'd 750 p',
  'd 711 p/q',
  'f 644 p/q/r R',
  'd 777 dir',
  'd 777 dir/sub',
  'f 644 dir/sub/n N',
];

const PARENTS = 'has no --parents in this version';

/** The outcomes without a `buildah` note are those of Buildah 1.28.2; `--parents` came to Buildah later. */
export const CASES: readonly PlacementCase[] = [
  { title: 'a file to a new name', copy: 'a /new', expected: ['+ f 640 new A'] },
  { title: 'a file below folders that are missing', copy: 'a /x/y/new', expected: ['+ d 755 x', '+ d 755 x/y', '+ f 640 x/y/new A'] },
  { title: 'a file into a folder that is missing', copy: 'a /x/', expected: ['+ d 755 x', '+ f 640 x/a A'] },
  { title: 'a file into an existing folder', copy: 'a /dir', expected: ['+ f 640 dir/a A'] },
  { title: 'a file over a file', copy: 'b /file', expected: ['- f 644 file text', '+ f 755 file B'] },
  { title: 'a file into what a link leads to', copy: 'a /todir', expected: ['+ f 640 dir/a A'] },
  { title: 'a file into what a link leads to, with a slash', copy: 'a /todir/', expected: ['+ f 640 dir/a A'] },
  { title: 'a file below a link', copy: 'a /todir/new', expected: ['+ f 640 dir/new A'] },
  { title: 'a file below an absolute link', copy: 'a /absolute/new', expected: ['+ f 640 dir/new A'] },
  { title: 'a file below a link that climbs out', copy: 'a /up/new', expected: ['+ f 640 dir/new A'] },
  {
    title: 'a file over a link to a file',
    copy: 'a /tofile',
    expected: ['- f 644 file text', '+ f 640 file A'],
    buildah: 'replaces the link; BuildKit follows every link in a destination',
  },
  {
    title: 'a file over a dangling link',
    copy: 'a /dangling',
    expected: ['+ d 755 nowhere', '+ f 640 nowhere/x A'],
    buildah: 'makes a folder nowhere/x with the file in it',
  },
  { title: 'a file over a link in a circle', copy: 'a /loop', expected: 'error' },
  { title: 'a file below a file', copy: 'a /file/x', expected: 'error' },
  { title: 'a file to a file with a slash', copy: 'a /file/', expected: 'error' },
  { title: 'two files to a missing folder without a slash', copy: 'a b /x', expected: ['+ d 755 x', '+ f 640 x/a A', '+ f 755 x/b B'] },
  { title: 'a wildcard without a match', copy: 'nothing* /x', expected: 'error' },
  { title: 'a wildcard with one match, no slash', copy: '[a] /x', expected: ['+ f 640 x A'] },
  { title: 'a wildcard with two matches, no slash', copy: '[ab] /x', expected: ['+ f 755 x B'] },
  { title: 'two wildcards that leave one file, no slash', copy: '[a] [a] /x', expected: ['+ d 755 x', '+ f 640 x/a A'] },
  { title: 'a link is followed and keeps its own name', copy: 'alink /x/', expected: ['+ d 755 x', '+ f 640 x/alink A'] },
  {
    title: 'a folder to a new name',
    copy: 'src /x',
    expected: ['+ d 755 x', '+ l x/link sub/two', '+ f 644 x/one 1', '+ d 711 x/sub', '+ f 644 x/sub/two 2'],
  },
  {
    title: 'a folder into an existing one: merged',
    copy: 'src /dir',
    expected: ['+ l dir/link sub/two', '+ f 644 dir/one 1', '- d 700 dir/sub', '+ d 711 dir/sub', '+ f 644 dir/sub/two 2'],
  },
  {
    title: 'a link to a folder',
    copy: 'srclink /x',
    expected: ['+ d 755 x', '+ l x/link sub/two', '+ f 644 x/one 1', '+ d 711 x/sub', '+ f 644 x/sub/two 2'],
  },
  {
    title: 'a folder and a file',
    copy: 'src a /x',
    expected: ['+ d 755 x', '+ f 640 x/a A', '+ l x/link sub/two', '+ f 644 x/one 1', '+ d 711 x/sub', '+ f 644 x/sub/two 2'],
  },
  { title: 'an empty folder', copy: 'empty /x', expected: ['+ d 755 x'] },
  { title: 'a folder over a file', copy: 'src /file', expected: 'error' },
  { title: 'a folder to the root', copy: 'raw /', expected: ['+ f 644 \\xff raw'] },
  {
    title: 'a name that is not UTF-8, by a wildcard',
    copy: 'raw/? /x/',
    expected: ['+ d 755 x', '+ f 644 x/\\xff raw'],
    buildah: 'finds no match',
  },
  {
    title: 'below a folder: a file over a folder',
    copy: 'filedir /',
    expected: ['- d 755 dir', '+ f 644 dir D', '- f 600 dir/old old', '- d 700 dir/sub'],
  },
  { title: 'below a folder: a folder over a file', copy: 'dirfile /', expected: ['- f 644 file text', '+ d 750 file', '+ f 644 file/x X'] },
  { title: 'below a folder: a folder over a link', copy: 'dirlink /', expected: ['- l todir dir', '+ d 755 todir', '+ f 644 todir/x X'] },
  {
    title: 'below a folder: a link over a folder',
    copy: 'linkdir /',
    expected: ['- d 755 dir', '+ l dir elsewhere', '- f 600 dir/old old', '- d 700 dir/sub'],
  },
  { title: 'below a folder: a file over a link', copy: 'filelink /', expected: ['- l tofile file', '+ f 644 tofile X'] },
  { title: '--chmod of a file', copy: '--chmod=751 a /x/', expected: ['+ d 755 x', '+ f 751 x/a A'] },
  {
    title: '--chmod of a folder',
    copy: '--chmod=751 src /x',
    expected: ['+ d 755 x', '+ l x/link sub/two', '+ f 751 x/one 1', '+ d 751 x/sub', '+ f 751 x/sub/two 2'],
  },
  { title: 'the destination is the root', copy: 'a /', expected: ['+ f 640 a A'] },
  { title: 'a source that climbs and comes back', copy: 'src/../a /x', expected: ['+ f 640 x A'] },
  { title: 'a source above the context stops at its top', copy: '../../a /x', expected: ['+ f 640 x A'] },
  { title: 'a file written with a slash at its end', copy: 'a/ /x', expected: ['+ f 640 x A'] },
  {
    title: '--parents of a file',
    copy: '--parents p/q/r /x',
    expected: ['+ d 755 x', '+ d 750 x/p', '+ d 711 x/p/q', '+ f 644 x/p/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents of a folder',
    copy: '--parents p/q /x/',
    expected: ['+ d 755 x', '+ d 750 x/p', '+ d 711 x/p/q', '+ f 644 x/p/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents below a pivot',
    copy: '--parents p/./q/r /x',
    expected: ['+ d 755 x', '+ d 711 x/q', '+ f 644 x/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents below a pivot, by a wildcard',
    copy: '--parents p/./q/* /x',
    expected: ['+ d 755 x', '+ d 711 x/q', '+ f 644 x/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents with a wildcard before the pivot',
    copy: '--parents [p]/./*/r /x',
    expected: ['+ d 755 x', '+ d 711 x/q', '+ f 644 x/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents by **',
    copy: '--parents p/** /x',
    expected: ['+ d 755 x', '+ d 750 x/p', '+ d 711 x/p/q', '+ f 644 x/p/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents of a path that climbs',
    copy: '--parents src/../p/q/r /x',
    expected: ['+ d 755 x', '+ d 750 x/p', '+ d 711 x/p/q', '+ f 644 x/p/q/r R'],
    buildah: PARENTS,
  },
  {
    title: '--parents into folders that exist: they keep their mode',
    copy: '--parents dir/sub/n /',
    expected: ['+ f 644 dir/sub/n N'],
    buildah: PARENTS,
  },
];
