import { closeSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type IgnoreRules, parseIgnoreFile, rulesOf } from '../../../src/context/ignore-rules.js';
import type { SelectedSource } from '../../../src/context/selection.js';
import { type SelectOptions, SourceTree } from '../../../src/context/source-tree.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { makeTree } from '../../support/tree-lines.js';

const TREE = [
  'f 644 Readme x',
  'f 644 package.json x',
  'd 755 dir',
  'f 644 dir/a.log x',
  'f 644 dir/keep x',
  'd 700 dir/sub',
  'f 644 dir/sub/b.log x',
  'f 644 dir/sub/keep x',
  'l dir/link keep',
  'd 755 empty',
  'l link dir/keep',
  'l linkdir dir',
  'l dangling nowhere',
  'l outside ../secret',
];

interface Where {
  readonly directory: string;
  readonly select: (sources: string[], options?: SelectOptions) => Promise<readonly SelectedSource[]>;
}

async function withTree(ignore: string | undefined, body: (where: Where) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    makeTree(directory, TREE);
    const root = openSync(directory, 'r');
    const rules: IgnoreRules | undefined = ignore === undefined ? undefined : parseIgnoreFile(Buffer.from(ignore), '.dockerignore');
    const tree = new SourceTree(root, { place: 'the build context "ctx"', rules });
    try {
      await body({ directory, select: (sources, options) => tree.select(sources, options) });
    } finally {
      closeSync(root);
    }
  });
}

/** `name <- path: entries`. */
function show(selected: readonly SelectedSource[]): string[] {
  return selected.map(
    ({ name, path, entries }) => `${name} <- ${path}: ${[...entries].map((entry) => entry.path.toString() || '.').join(' ')}`,
  );
}

suite('context/source-tree', (test) => {
  for (const [sources, ignore, expected] of [
    [['Readme'], undefined, ['Readme <- Readme: .']],
    [['link'], undefined, ['link <- dir/keep: .']],
    [['linkdir/keep'], undefined, ['keep <- dir/keep: .']],
    [['dir'], undefined, ['dir <- dir: . a.log keep link sub sub/b.log sub/keep']],
    [['linkdir'], undefined, ['linkdir <- dir: . a.log keep link sub sub/b.log sub/keep']],
    [['empty'], undefined, ['empty <- empty: .']],
    [['dir/sub', 'Readme'], undefined, ['sub <- dir/sub: . b.log keep', 'Readme <- Readme: .']],
    [['dir/*'], undefined, ['a.log <- dir/a.log: .', 'keep <- dir/keep: .', 'link <- dir/keep: .', 'sub <- dir/sub: . b.log keep']],
    [['d*'], undefined, ['dir <- dir: . a.log keep link sub sub/b.log sub/keep']],
    // Ignore rules
    [['dir'], '**/*.log', ['dir <- dir: . keep link sub sub/keep']],
    [['dir/*'], '**/*.log', ['keep <- dir/keep: .', 'link <- dir/keep: .', 'sub <- dir/sub: . keep']],
    [['dir'], '*\n!dir/sub/keep', ['dir <- dir: . sub sub/keep']],
    [['.'], '*\n!dir/sub/keep', [' <- : . dir dir/sub dir/sub/keep']],
    [['.'], '*', [' <- : .']],
    [['dir'], 'dir/sub', ['dir <- dir: . a.log keep link']],
    [['**/keep'], 'dir/sub', ['keep <- dir/keep: .']],
    [['**/keep'], '*\n!dir/sub/keep', ['keep <- dir/sub/keep: .']],
  ] as const) {
    test(`select() ${sources.join(' ')}${ignore === undefined ? '' : ` with ${JSON.stringify(ignore)}`}`, () =>
      withTree(ignore, async ({ select }) => assert.equal(show(await select([...sources])), expected)));
  }

  test('select() keeps the attributes of a directory that only holds something brought back', () =>
    withTree('*\n!dir/sub/keep', async ({ select }) => {
      const [dir] = await select(['dir']);
      assert.is([...dir!.entries].find((entry) => entry.path.toString() === 'sub')!.stat.mode & 0o777, 0o700);
    }));

  for (const [source, ignore, message, hint] of [
    ['nothing', undefined, '"nothing": no such file or directory in the build context "ctx"', undefined],
    ['README', undefined, '"README": no such file or directory in the build context "ctx"', 'There is "Readme"'],
    ['pakage.json', undefined, '"pakage.json": no such file or directory in the build context "ctx"', 'There is "package.json"'],
    ['dir/kep', undefined, '"dir/kep": no such file or directory in the build context "ctx"', 'There is "keep"'],
    ['Readme/x', undefined, '"Readme/x": no such file or directory in the build context "ctx"', undefined],
    [
      '../secret',
      undefined,
      '"../secret": no such file or directory in the build context "ctx": sources outside of it cannot be copied, ".." stops at its top',
      'Build with a directory further up as the context and name the Containerfile with --file',
    ],
    ['outside', undefined, '"outside": no such file or directory in the build context "ctx"', undefined],
    ['*.zip', undefined, '"*.zip": no such file or directory in the build context "ctx": nothing matches the wildcard', undefined],
    [
      'Readme',
      '# none\nRead*',
      '"Readme": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 2: "Read*"',
      'Change that line, or add one with "!" below it',
    ],
    [
      'dir',
      'dir',
      '"dir": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 1: "dir"',
      'Change that line, or add one with "!" below it',
    ],
    [
      'dir/sub/keep',
      'x\ndir',
      '"dir/sub/keep": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 2: "dir"',
      'Change that line, or add one with "!" below it',
    ],
    [
      'link',
      'link',
      '"link": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 1: "link"',
      'Change that line, or add one with "!" below it',
    ],
    [
      'link',
      'dir/keep',
      '"link": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 1: "dir/keep"',
      'Change that line, or add one with "!" below it',
    ],
    [
      '**/b.log',
      'dir',
      '"**/b.log": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 1: "dir"',
      'Change that line, or add one with "!" below it',
    ],
    [
      'Read*',
      '*',
      '"Read*": no such file or directory in the build context "ctx": it is excluded by .dockerignore line 1: "*"',
      'Change that line, or add one with "!" below it',
    ],
  ] as const) {
    test(`select() refuses ${source}${ignore === undefined ? '' : ` with ${JSON.stringify(ignore)}`}`, () =>
      withTree(ignore, async ({ select }) => {
        const error = await rejects(select([source]), { code: 'SOURCE_NOT_FOUND' });
        assert.is(error.message, message);
        assert.is((error as { hint?: string }).hint, hint);
      }));
  }

  for (const [sources, patterns, expected] of [
    [['dir'], ['*.log'], ['dir <- dir: . keep link sub sub/b.log sub/keep']],
    [['dir'], ['**/*.log'], ['dir <- dir: . keep link sub sub/keep']],
    [['dir'], ['sub', '!sub/keep'], ['dir <- dir: . a.log keep link sub sub/keep']],
    // Patterns see what is in a directory that is named, not its name.
    [['dir'], ['dir'], ['dir <- dir: . a.log keep link sub sub/b.log sub/keep']],
    // Docker's own example: COPY --exclude=*.txt hom* /mydir/
    [['dir/*'], ['*.log', 'sub'], ['keep <- dir/keep: .', 'link <- dir/keep: .']],
  ] as const) {
    test(`select() ${sources.join(' ')} without ${patterns.join(' ')}`, () =>
      withTree(undefined, async ({ select }) =>
        assert.equal(show(await select([...sources], { exclude: rulesOf([...patterns], '--exclude') })), expected),
      ));
  }

  test('select() names the pattern of --exclude that leaves nothing', () =>
    withTree(undefined, async ({ select }) => {
      const error = await rejects(select(['Readme'], { exclude: rulesOf(['R*'], '--exclude') }), { code: 'SOURCE_NOT_FOUND' });
      assert.match(error.message, /it is excluded by --exclude "R\*"$/);
    }));

  test('select() tells the parents of a source, from the pivot on', () =>
    withTree(undefined, async ({ select }) => {
      for (const [source, expected] of [
        ['dir/sub/keep', ['dir', 'sub']],
        ['./dir/./sub/keep', ['sub']],
        ['dir/sub/./keep', []],
        ['dir/./*/keep', ['sub']],
        ['linkdir/sub/keep', ['linkdir', 'sub']],
        ['dir', []],
      ] as const) {
        const [selected] = await select([source], { parents: true });
        assert.equal(
          selected!.parents.map(({ name }) => name.toString()),
          expected,
          source,
        );
      }
      const [plain] = await select(['dir/sub/keep']);
      assert.equal(plain!.parents, []);
      const [linked] = await select(['linkdir/sub/keep'], { parents: true });
      assert.equal(
        linked!.parents.map(({ path }) => path.toString()),
        ['dir', 'dir/sub'],
      );
    }));

  test('select() leaves sockets out', () =>
    withTree(undefined, async ({ directory, select }) => {
      const server = createServer();
      const socket = join(directory, 'empty/socket');
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      try {
        assert.equal(show(await select(['empty'])), ['empty <- empty: .']);
        assert.equal(show(await select(['empty'], { exclude: rulesOf(['x'], '--exclude') })), ['empty <- empty: .']);
      } finally {
        await new Promise((resolve) => server.close(resolve));
        rmSync(socket, { force: true });
      }
    }));
});
