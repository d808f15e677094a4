import type { CaseGroup, DifferentialCase } from '../case.js';

const TREE: readonly string[] = [
  'f 644 a.txt a',
  'f 644 b.md b',
  'f 644 README.md r',
  'd 750 dir',
  'f 644 dir/a.txt da',
  'f 644 dir/b.md db',
  'd 711 dir/sub',
  'f 644 dir/sub/a.txt dsa',
  'f 644 dir/sub/keep k',
  'f 644 other/tmp/x x',
  'f 644 other/tmpfile t',
  'f 644 temp t',
  'f 644 node_modules/m/index.js m',
  'f 644 pkg/node_modules/n/index.js n',
  'f 644 pkg/main.js main',
  'l link dir',
  'f 644 #hash h',
  'f 644 !bang b',
];

function ignoring(title: string, rules: string, copy = 'COPY . /x/'): DifferentialCase {
  const own = ['.dockerignore', 'Containerfile'].join('\\n');
  return {
    title,
    context: [...TREE, `f 644 .dockerignore ${own}\\n${rules.replaceAll('\n', '\\n')}\\n`],
    containerfile: `FROM scratch\n${copy}\n`,
  };
}

export const ignoreFiles: CaseGroup = {
  name: 'ignore-files',
  cases: [
    ignoring('no rule', ''),
    ignoring('a file', 'a.txt'),
    ignoring('a name is for the top only', 'a.txt\nsub'),
    ignoring('a folder', 'dir'),
    ignoring('a folder with a slash', 'dir/'),
    ignoring('a leading slash', '/dir/sub'),
    ignoring('a leading dot', './dir'),
    ignoring('a star', '*.md'),
    ignoring('a star one level down', '*/*.md'),
    ignoring('a star for a folder', '*/tmp*'),
    ignoring('a question mark', 'temp?\n?.txt'),
    ignoring('a class', '[a-b].*'),
    ignoring('any depth', '**/*.txt'),
    ignoring('any depth, a folder', '**/node_modules'),
    ignoring('any depth, what is in it', 'dir/**'),
    ignoring('any depth in the middle', 'dir/**/keep'),
    ignoring('all but one file', '*\n!a.txt'),
    ignoring('all but one folder', '*\n!dir'),
    ignoring('an exception and an exception of it', '*.md\n!README*.md\nREADME.md'),
    ignoring('an exception that comes too early', '!README.md\n*.md'),
    ignoring('a file brought back below a folder', 'dir\n!dir/sub/keep'),
    ignoring('all but a file deep down', '*\n!dir/sub/keep'),
    ignoring('all of a folder but one file', 'dir/*\n!dir/a.txt'),
    ignoring('any depth but one', '**\n!pkg/main.js'),
    ignoring('comments and empty lines', '# a.txt\n\n\na.txt'),
    ignoring('an escaped sign', '\\#hash\n\\!bang'),
    ignoring('everything', '*'),
    ignoring('an ignored file is named', 'a.txt', 'COPY a.txt /x/'),
    ignoring('an ignored folder is named', 'dir', 'COPY dir /x/'),
    ignoring('a file in an ignored folder is named', 'dir', 'COPY dir/a.txt /x/'),
    ignoring('a wildcard leaves what is ignored', 'a.txt', 'COPY *.* /x/'),
    ignoring('a wildcard whose matches are all ignored', '*.md', 'COPY *.md /x/'),
    ignoring('a folder with ignored files', '**/*.md', 'COPY dir /x/'),
    ignoring('a link to an ignored folder', 'dir', 'COPY link /x/'),
    ignoring('ignore rules are for the context alone', 'keep', 'COPY dir/sub/keep /keep\nFROM scratch\nCOPY --from=0 /keep /x/'),
    {
      title: '.containerignore goes before .dockerignore',
      context: [...TREE, 'f 644 .dockerignore a.txt\\n', 'f 644 .containerignore *.md\\n'],
      containerfile: 'FROM scratch\nCOPY *.* /x/\n',
    },
    {
      title: '--ignorefile goes before all others',
      context: [...TREE, 'f 644 .dockerignore a.txt\\n', 'f 644 .containerignore a.txt\\n', 'f 644 mine *.md\\n'],
      containerfile: 'FROM scratch\nCOPY *.* /x/\n',
      args: ['--ignorefile', 'mine'],
    },
    {
      title: 'a file brought back below a folder that is named, in .containerignore',
      context: [...TREE, 'f 644 .containerignore dir\\n!dir/a.txt\\n'],
      containerfile: 'FROM scratch\nCOPY dir pkg /x/\n',
    },
  ],
};
