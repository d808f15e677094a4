import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commitAll, git, makeRepository, withGitServer } from '../../support/git-server.js';
import { suite } from '../../support/suite.js';
import { type TestStore, withTestStore } from '../../support/tsbuild.js';

const CONTAINERFILE = 'FROM scratch\nCOPY data /\n';

function directoryOf(store: TestStore, name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(store.directory, name);
  mkdirSync(directory, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content);
  return directory;
}

/** Builds and gives what `/data` holds. */
async function dataOf(
  store: TestStore,
  args: readonly string[],
  options: { stdin?: string | Uint8Array; cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const archive = join(store.directory, 'out.tar');
  await store.ok(['bud', '-q', '-o', `type=tar,dest=${archive}`, ...args], options);
  return execFileSync('tar', ['-xOf', archive, 'data']).toString();
}

function tarOf(directory: string, ...flags: string[]): Buffer {
  return execFileSync('tar', ['-C', directory, ...flags, '-cf', '-', '.']);
}

suite('integration/contexts/main-context', (test) => {
  test('standard input: a Containerfile, or a tar in each compression', () =>
    withTestStore(async (store) => {
      const files = directoryOf(store, 'files', {
        Containerfile: CONTAINERFILE,
        data: 'from tar\n',
        other: 'FROM scratch\nCOPY other /data\n',
      });
      for (const flags of [[], ['-z'], ['-j'], ['-J'], ['--zstd']]) {
        assert.is(await dataOf(store, ['-'], { stdin: tarOf(files, ...flags) }), 'from tar\n', flags.join());
      }
      assert.match(await dataOf(store, ['-f', 'other', '-'], { stdin: tarOf(files) }), 'COPY other');
      assert.is(await dataOf(store, ['-'], { stdin: 'FROM scratch\nCOPY <<EOF /data\nheredoc\nEOF\n' }), 'heredoc\n');
      assert.is(await dataOf(store, ['-f', '-', files], { stdin: CONTAINERFILE }), 'from tar\n');
      const both = await store.tsbuild(['bud', '-f', '-', '-'], { stdin: CONTAINERFILE });
      assert.match(both.stderr, 'cannot both be standard input');
      const empty = await store.tsbuild(['bud', '-'], { stdin: '' });
      assert.equal([empty.status, empty.stderr.includes('cannot be empty')], [125, true]);
    }));

  test('a URL: an archive, a Containerfile; --file as a URL; a .dockerignore is for directories of the user', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const files = directoryOf(store, 'files', { Dockerfile: CONTAINERFILE, data: 'from the web\n', '.dockerignore': 'data\n' });
        const archive = tarOf(files, '-J');
        server.intercept((request, response) => {
          if (request.url === '/c.tar.xz') return !!response.end(archive);
          if (request.url === '/Containerfile') return !!response.end('FROM scratch\nCOPY <<EOF /data\nalone\nEOF\n');
          if (request.url === '/moved') return !!response.writeHead(302, { location: '/c.tar.xz' }).end();
          return !!response.writeHead(302, { location: 'file:///etc/passwd' }).end();
        });
        assert.is(await dataOf(store, [`${server.origin}/c.tar.xz`]), 'from the web\n');
        assert.is(await dataOf(store, [`${server.origin}/moved`]), 'from the web\n');
        assert.is(await dataOf(store, [`${server.origin}/Containerfile`]), 'alone\n');
        assert.is(await dataOf(store, ['-f', `${server.origin}/Containerfile`, files]), 'alone\n');
        const away = await store.tsbuild(['bud', `${server.origin}/away`]);
        assert.equal([away.status, away.stderr.includes('sends to file: instead of https:')], [125, true]);
      }),
    ));

  test('a repository: branch and directory, in both syntaxes; --file is looked for in it first', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const repository = makeRepository(server, 'app');
        writeFileSync(join(repository, 'data'), 'at the top\n');
        writeFileSync(join(repository, 'Containerfile'), CONTAINERFILE);
        commitAll(repository);
        git(repository, 'checkout', '--quiet', '-b', 'next');
        mkdirSync(join(repository, 'docker'));
        writeFileSync(join(repository, 'docker/data'), 'below\n');
        writeFileSync(join(repository, 'docker/Dockerfile'), CONTAINERFILE);
        writeFileSync(join(repository, 'docker/Other'), 'FROM scratch\nCOPY Other /data\n');
        symlinkSync('/etc', join(repository, 'outside'));
        symlinkSync('/etc/passwd', join(repository, 'docker/Leak'));
        commitAll(repository);
        git(repository, 'checkout', '--quiet', 'main');
        const url = `${server.origin}/app.git`;
        assert.is(await dataOf(store, [url]), 'at the top\n');
        assert.is(await dataOf(store, [`${url}#next:docker`]), 'below\n');
        assert.is(await dataOf(store, [`${url}?branch=next&subdir=/docker`]), 'below\n');
        const here = directoryOf(store, 'here', { Other: 'FROM nowhere\n', Mine: CONTAINERFILE });
        assert.match(await dataOf(store, ['-f', 'Other', `${url}#next:docker`], { cwd: here }), 'COPY Other');
        assert.is(await dataOf(store, ['-f', 'Mine', `${url}#next:docker`], { cwd: here }), 'below\n');
        for (const subdir of ['../..', 'outside', 'docker/../../..', 'missing']) {
          const failed = await store.tsbuild(['bud', `${url}#next:${subdir}`]);
          assert.equal([failed.status, failed.stderr.includes(`the directory "${subdir}"`)], [125, true], subdir + failed.stderr);
        }
        const leak = await store.tsbuild(['bud', '-f', 'Leak', `${url}#next:docker`]);
        assert.equal([leak.status, leak.stderr.includes('leads out of the build context')], [125, true], leak.stderr);
        const missing = await store.tsbuild(['bud', `${url}#nothing`]);
        assert.match(missing.stderr, 'repository does not contain ref nothing');
      }),
    ));

  test('files named .in go through the preprocessor with --cpp-flag and BUILDAH_CPPFLAGS, several files are one', () =>
    withTestStore(async (store) => {
      const files = directoryOf(store, 'files', {
        'Containerfile.in': '#include "common"\n#if defined(A) && defined(B)\nCOPY data /\n#endif\n',
        common: 'FROM scratch\n',
        data: 'x\n',
      });
      const env = { BUILDAH_CPPFLAGS: '-DA' };
      assert.is(await dataOf(store, ['-f', join(files, 'Containerfile.in'), '--cpp-flag=-DB', files], { env }), 'x\n');
      const one = directoryOf(store, 'one', {
        first: 'FROM scratch AS a\nCOPY data /\n',
        second: 'FROM a\nLABEL b=c\n',
        data: 'two files\n',
      });
      assert.is(await dataOf(store, ['-f', 'first', '-f', 'second', one], { cwd: one }), 'two files\n');
    }));

  test('hostile archives leave nothing outside', () =>
    withTestStore(async (store) => {
      const python = (code: string) =>
        execFileSync('python3', [
          '-c',
          `import tarfile,io,sys\nt=tarfile.open(fileobj=sys.stdout.buffer,mode="w|")\ndef add(n,**k):\n  i=tarfile.TarInfo(n)\n  d=k.pop("data",b"")\n  i.size=len(d)\n  [setattr(i,a,b) for a,b in k.items()]\n  t.addfile(i,io.BytesIO(d))\n${code}\nt.close()`,
        ]);
      const target = join(store.directory, 'victim');
      writeFileSync(target, 'untouched');
      const file = 'add("Containerfile",data=b"FROM scratch\\nCOPY . /\\n")';
      const up = await store.tsbuild(['bud', '-'], { stdin: python(`${file}\nadd("../../../../victim",data=b"bad")`) });
      const linked = python(`${file}\nadd("l",type=tarfile.SYMTYPE,linkname="${store.directory}")\nadd("l/victim",data=b"bad")`);
      const through = await store.tsbuild(['bud', '-'], { stdin: linked });
      for (const outcome of [up, through]) assert.ok(outcome.status === 125 || outcome.status === 0, outcome.stderr);
      assert.is(execFileSync('cat', [target]).toString(), 'untouched');
      const leak = await store.tsbuild(['bud', '-'], { stdin: python('add("Containerfile",type=tarfile.SYMTYPE,linkname="/etc/passwd")') });
      assert.equal([leak.status, leak.stderr.includes('root:')], [125, false]);
      const cut = await store.tsbuild(['bud', '-'], { stdin: python(`${file}\nadd("data",data=b"x"*100000)`).subarray(0, 50_000) });
      assert.equal([cut.status, cut.stderr.includes('Cannot unpack standard input')], [125, true], cut.stderr);
    }));

  test('hostile repositories run nothing', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const marker = join(store.directory, 'ran');
        const program = `#!/bin/sh\ntouch ${marker}\n`;
        const repository = makeRepository(server, 'evil');
        writeFileSync(join(repository, 'Containerfile'), 'FROM scratch\nCOPY . /\n');
        // Hooks of the server's copy, and a tree that looks like a repository with hooks.
        for (const hooks of [join(repository, '.git/hooks'), join(repository, 'fake/hooks')]) {
          mkdirSync(hooks, { recursive: true });
          for (const name of ['post-checkout', 'post-merge', 'reference-transaction'])
            writeFileSync(join(hooks, name), program, { mode: 0o755 });
        }
        writeFileSync(join(repository, 'fake/config'), `[core]\n\tfsmonitor = touch ${marker}\n`);
        writeFileSync(join(repository, '.gitattributes'), '* filter=evil\n');
        commitAll(repository);
        // Nothing of what is tested: the commit above ran the repository's own hooks.
        rmSync(marker, { force: true });
        rmSync(join(repository, '.git/hooks'), { recursive: true });
        const url = `${server.origin}/evil.git`;
        // The user's own configuration would run a filter: it is not read.
        const home = directoryOf(store, 'home', {
          '.gitconfig': `[filter "evil"]\n\tsmudge = touch ${marker}\n[core]\n\thooksPath = ${repository}/fake/hooks\n`,
        });
        await store.ok(['bud', '-q', url], { env: { HOME: home, GIT_CONFIG_PARAMETERS: `'core.hooksPath=${repository}/fake/hooks'` } });
        const submodules = [
          [`ext::sh -c "touch ${marker}"`, '', 'not allowed'],
          [`--upload-pack=touch ${marker}`, '', ''],
          [`${server.directory}/evil.git`, '', 'not allowed'],
          [`file://${server.directory}/evil.git`, '', 'not allowed'],
          [url, `\tupdate = !touch ${marker}\n`, 'invalid value'],
        ] as const;
        const commit = git(repository, 'rev-parse', 'HEAD');
        for (const [address, update, message] of submodules) {
          writeFileSync(join(repository, '.gitmodules'), `[submodule "m"]\n\tpath = m\n\turl = ${JSON.stringify(address)}\n${update}`);
          git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},m`);
          git(repository, 'add', '.gitmodules');
          git(repository, 'commit', '--quiet', '--allow-empty', '-m', 'submodule');
          const failed = await store.tsbuild(['bud', url]);
          assert.is(failed.status, 125, address);
          assert.ok(failed.stderr.includes(message), `${address}: ${failed.stderr}`);
        }
        for (const context of [`ext::sh -c "touch ${marker}"`, `file://${repository}`]) {
          assert.is((await store.tsbuild(['bud', context])).status, 125);
        }
        assert.is(existsSync(marker), false);
      }),
    ));
});
