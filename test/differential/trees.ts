/** A root to copy into, below `base`: every kind of thing that can be in the way. */
export const BASE: readonly string[] = [
  'd 750 base/dir',
  'f 600 base/dir/old old',
  'd 700 base/dir/sub',
  'f 600 base/file text',
  'l base/todir dir',
  'l base/tofile file',
  'l base/dangling nowhere/x',
  'l base/absolute /dir',
  'l base/up ../../../dir',
  'l base/loop loop',
];

/** Sources. */
export const SOURCES: readonly string[] = [
  'f 640 a A',
  'f 755 b B',
  'd 700 src',
  'f 644 src/one 1',
  'd 711 src/sub',
  'f 604 src/sub/two 2',
  'l src/link sub/two',
  'l src/gone no/where',
  'l alink a',
  'l srclink src',
  'l toparent ../../a',
  'd 755 empty',
];

/** Makes {@link BASE} the root. */
export const ON_BASE = 'FROM scratch\nCOPY base/ /\n';

/** Names that wildcards choose from. */
export const NAMES: readonly string[] = [
  'f 644 a.txt a',
  'f 644 b.txt b',
  'f 644 ab.txt ab',
  'f 644 c.md c',
  'f 644 d/a.txt da',
  'f 644 d/deep/a.txt dda',
  'f 644 d/deep/b.md ddb',
  'f 644 e/a.txt ea',
  'f 644 st*r star',
  'f 644 sp\\sace space',
  'f 644 é e-acute',
  'l l.txt d/deep/b.md',
  'd 755 empty',
];

/** Users for `--chown`. */
export const USERS: readonly string[] = [
  'f 644 etc/passwd root:x:0:0:root:/root:/bin/sh\\nann:x:1001:1002:Ann:/home/ann:/bin/sh\\n77:x:500:501::/:/bin/sh\\nbad line\\n',
  'f 644 etc/group root:x:0:\\nstaff:x:50:ann\\nann:x:1002:\\n',
];

/** A name that is a pattern itself. */
export const BRACKET = 'f 644 [x] bracket';
