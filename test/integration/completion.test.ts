import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { skip, suite } from '../support/suite.js';
import { project, type Run, run, runOk, type TestStore, withTestStore } from '../support/tsbuild.js';

const SEPARATOR = '---';

/** A store with `localhost/app:latest`, `localhost/app:1` and the containers `first` and `second`, and a Containerfile with two stages. */
async function withNames(body: (store: TestStore, directory: string, global: string) => Promise<void>): Promise<void> {
  await withTestStore(async (store) => {
    const directory = join(store.directory, 'files');
    mkdirSync(directory);
    writeFileSync(join(directory, 'Containerfile'), 'FROM scratch AS base\nENV A=1\nFROM base AS final\nENV B=2\n');
    writeFileSync(join(directory, 'Empty'), 'FROM scratch\nENV A=1\n');
    await store.ok(['bud', '-q', '-t', 'app', '-t', 'app:1', directory]);
    for (const name of ['first', 'second']) await store.ok(['from', '--name', name, 'scratch']);
    await body(store, directory, `--root ${store.root} --runroot ${join(store.directory, 'run')}`);
  });
}

/** Line so far and, in any order, what it may become. The store's flags go behind `tsbuild`. */
const ROWS: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['ren', ['rename']],
  ['system c', ['check']],
  ['run fi', ['first']],
  ['rm ', ['first', 'second']],
  ['rmi localhost/', ['localhost/app', 'localhost/app:1']],
  ['tag localhost/app:', ['localhost/app:1', 'localhost/app:latest']],
  ['inspect --type c', ['container']],
  ['bud --target ', ['base', 'final']],
  ['bud --target=f', ['--target=final']],
  ['bud -f Emp', ['Empty']],
  ['commit --squ', ['--squash']],
];

async function demandShell(shell: string): Promise<void> {
  if ((await run([shell, '-c', 'true']).catch(() => undefined)) === undefined) skip(`${shell} is not installed: apt-get install ${shell}`);
}

function inShell(argv: readonly string[], directory: string): Promise<Run> {
  return runOk(argv, { cwd: directory, env: { PATH: `${join(project, 'bin')}:${process.env.PATH}`, HOME: directory, TERM: 'dumb' } });
}

function blocks(stdout: string): string[][] {
  return stdout
    .split(`${SEPARATOR}\n`)
    .slice(1)
    .map((block) => block.split('\n').filter(Boolean).sort());
}

suite('integration/completion', (test) => {
  test('bash completes commands, flags, and names from the store and the Containerfile', async () => {
    await demandShell('bash');
    await withNames(async (_, directory, global) => {
      // As readline splits a line: also at "=" and ":".
      const words = (line: string) =>
        `tsbuild ${global} ${line}`
          .split(' ')
          .flatMap((word) => (word === '' ? ["''"] : word.split(/([=:]+)/).filter((part, index) => part !== '' || index === 0)))
          .join(' ');
      const asks = ROWS.map(
        ([line]) =>
          `COMP_WORDS=(${words(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _tsbuild; echo ${SEPARATOR}; printf '%s\\n' "\${COMPREPLY[@]}"`,
      );
      const script = ['source <(tsbuild completion bash)', ...asks].join('\n');
      const { stdout, stderr } = await inShell(['bash', '--norc', '-c', script], directory);
      assert.is(stderr, '');
      // Readline leaves what stands before the last "=" or ":" alone.
      assert.equal(
        blocks(stdout),
        ROWS.map(([line, expected]) => {
          const cut = /(?:^| )(\S*[=:])?\S*$/.exec(line)?.[1] ?? '';
          return expected.map((word) => word.slice(cut.length)).sort();
        }),
      );
    });
  });

  test('fish completes the same', async () => {
    await demandShell('fish');
    await withNames(async (_, directory, global) => {
      const asks = ROWS.map(([line]) => `echo ${SEPARATOR}; complete -C 'tsbuild ${global} ${line}'`);
      const { stdout } = await inShell(['fish', '--no-config', '-c', ['tsbuild completion fish | source', ...asks].join('\n')], directory);
      assert.equal(
        blocks(stdout.replaceAll(/\t.*$/gm, '')),
        ROWS.map(([, expected]) => [...expected].sort()),
      );
    });
  });

  test('zsh completes the same at its prompt', async () => {
    await demandShell('zsh');
    await withNames(async (_, directory, global) => {
      // What has one completion is completed at a tab; what is on the line then is put into a file by an accept-line that asks ZLE.
      const single = ROWS.filter(([, words]) => words.length === 1);
      const asks = single.map(
        ([line]) => `zpty -n -w s $'tsbuild ${global} ${line}\\t'; zpty -n -w s $'\\C-x'; zpty -r -m s out '*SHOWN*'`,
      );
      const script = [
        'zmodload zsh/zpty',
        'zpty s zsh -f -i',
        `zpty -w s 'PS1=; autoload -U compinit; compinit -u -D; source <(tsbuild completion zsh); show() { print -r -- $BUFFER >>shown; BUFFER=; print SHO""WN }; zle -N show; bindkey "^X" show; print REA""DY'`,
        `zpty -r s out '*READY*'`,
        ...asks,
        'zpty -d s',
        'cat shown',
      ].join('\n');
      const { stdout } = await inShell(['zsh', '-f', '-c', script], directory);
      const expected = single.map(([line, [word]]) => `tsbuild ${global} ${line.replace(/\S*$/, word!)}`);
      assert.equal(
        stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => line.trimEnd()),
        expected,
      );
    });
  });

  test('completing changes nothing and is silent without a store', async () => {
    await withTestStore(async (store) => {
      const { stdout, stderr } = await store.ok(['__complete', '--', '--root', store.root, 'from', '']);
      assert.is(stdout, 'words\n');
      assert.is(stderr, '');
      assert.not.ok(existsSync(store.root));
    });
  });

  test('completion refuses a shell it has no script for', async () => {
    await withTestStore(async (store) => {
      const { status, stderr } = await store.tsbuild(['completion', 'tcsh']);
      assert.is(status, 125);
      assert.match(stderr, /unknown shell "tcsh"/);
    });
  });
});
