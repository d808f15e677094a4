import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commitAll, type GitServer, git, makeRepository, withGitServer } from '../../support/git-server.js';
import { suite } from '../../support/suite.js';
import { type Run, run, type TestStore, withTestStore } from '../../support/tsbuild.js';

/** Builds `FROM scratch` and `lines`; the paths of the image with `mode size` and, of small files, what they hold. */
async function built(store: TestStore, lines: string, args: readonly string[] = []): Promise<Record<string, string>> {
  const context = contextOf(store, lines);
  const archive = join(store.directory, 'out.tar');
  await store.ok(['bud', '-q', ...args, '-o', `type=tar,dest=${archive}`, context]);
  return listing(archive);
}

function contextOf(store: TestStore, lines: string): string {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `FROM scratch\n${lines}\n`);
  return context;
}

/** By tar(1). */
function listing(archive: string): Record<string, string> {
  const lines = execFileSync('tar', ['--numeric-owner', '-tvf', archive]).toString().trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [mode = '', owner = '', size = '', , , ...name] = line.split(/\s+/);
      return [name.join(' '), `${mode} ${owner} ${size}`];
    }),
  );
}

function content(store: TestStore, path: string): string {
  return execFileSync('tar', ['-xOf', join(store.directory, 'out.tar'), path]).toString();
}

/** A repository with two branches and a tag, an executable, a directory and a link. */
function sampleRepository(server: GitServer): { readonly url: string; readonly directory: string; readonly commits: readonly string[] } {
  const directory = makeRepository(server, 'app');
  writeFileSync(join(directory, 'readme'), 'first\n');
  const first = commitAll(directory);
  git(directory, 'tag', '-a', 'v1', '-m', 'annotated');
  git(directory, 'checkout', '--quiet', '-b', 'feature/x');
  mkdirSync(join(directory, 'sub/dir'), { recursive: true });
  writeFileSync(join(directory, 'sub/dir/tool'), '#!/bin/sh\n');
  chmodSync(join(directory, 'sub/dir/tool'), 0o755);
  symlinkSync('tool', join(directory, 'sub/dir/link'));
  const feature = commitAll(directory);
  git(directory, 'checkout', '--quiet', 'main');
  writeFileSync(join(directory, 'readme'), 'second\n');
  const second = commitAll(directory);
  return { url: `${server.origin}/app.git`, directory, commits: [first, second, feature] };
}

function cachedSteps({ stdout }: Run): number {
  return stdout.split('--> Using cache').length - 1;
}

suite('integration/contexts/add-git', (test) => {
  test('ADD brings the files of a branch, a tag, a commit or a directory, without .git', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const { url, commits } = sampleRepository(server);
        assert.equal(await built(store, `ADD ${url} /src`), { 'src/': 'drwxr-xr-x 0/0 0', 'src/readme': '-rw-r--r-- 0/0 7' });
        assert.is(content(store, 'src/readme'), 'second\n');
        for (const ref of ['v1', 'refs/tags/v1', commits[0], commits[0]!.slice(0, 9)]) {
          await built(store, `ADD ${url}#${ref} /src`);
          assert.is(content(store, 'src/readme'), 'first\n', ref);
        }
        const tool = { 'src/': 'drwxr-xr-x 0/0 0', 'src/link': 'lrwxrwxrwx 0/0 0', 'src/tool': '-rwxr-xr-x 0/0 10' };
        const plain = (list: Record<string, string>) =>
          Object.fromEntries(Object.entries(list).map(([name, value]) => [name.replace(/ ->.*/, ''), value]));
        assert.equal(plain(await built(store, `ADD ${url}#feature/x:sub/dir /src`)), tool);
        assert.equal(plain(await built(store, `ADD "${url}?branch=feature/x&subdir=sub/dir" /src`)), tool);
        assert.equal(plain(await built(store, `ADD --chown=7:8 ${url}?tag=v1 /src/`)), {
          'src/': 'drwxr-xr-x 7/8 0',
          'src/readme': '-rw-r--r-- 7/8 6',
        });
      }),
    ));

  test('a repository that has not changed is not fetched again, and one that has only where it shows', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const { url, directory } = sampleRepository(server);
        const context = contextOf(store, `ADD ${url} /src\nADD ${url}#feature/x:sub /sub`);
        assert.is(cachedSteps(await store.ok(['bud', context])), 0);
        server.requests.splice(0);
        assert.is(cachedSteps(await store.ok(['bud', context])), 2);
        // Refs are listed; nothing else is asked for: a fetch would be a third request of each.
        assert.is(server.requests.filter((line) => line.startsWith('POST')).length, 2);
        writeFileSync(join(directory, 'readme'), 'third\n');
        commitAll(directory);
        const changed = await store.ok(['bud', '--explain', context]);
        assert.match(changed.stdout, 'readme');
        git(directory, 'checkout', '--quiet', 'feature/x');
        writeFileSync(join(directory, 'elsewhere'), '');
        commitAll(directory);
        git(directory, 'checkout', '--quiet', 'main');
        assert.is(cachedSteps(await store.ok(['bud', context])), 2);
      }),
    ));

  test('--checksum holds a repository to a commit', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const { url, commits } = sampleRepository(server);
        await built(store, `ADD --checksum=${commits[1]} ${url}#main /src`);
        await built(store, `ADD ${url}?ref=main&checksum=${commits[1]!.slice(0, 8)} /src`);
        const wrong = await store.tsbuild(['bud', contextOf(store, `ADD --checksum=${commits[0]} ${url}#main /src`)]);
        assert.is(wrong.status, 125);
        assert.match(wrong.stderr, `expected checksum to match ${commits[0]}, got ${commits[1]}`);
        assert.match(wrong.stderr, '>> 2 | ADD --checksum');
      }),
    ));

  test('--keep-git-dir keeps a repository that git can use, without passwords', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const { url, commits } = sampleRepository(server);
        const withPassword = url.replace('http://', 'http://user:secret@');
        const files = await built(store, `ADD --keep-git-dir=true ${withPassword}#v1 /src`);
        assert.ok('src/.git/HEAD' in files && 'src/readme' in files);
        const out = join(store.directory, 'unpacked');
        mkdirSync(out);
        execFileSync('tar', ['-xf', join(store.directory, 'out.tar'), '-C', out, '--no-same-owner']);
        assert.is(git(join(out, 'src'), 'rev-parse', 'HEAD'), commits[0]);
        assert.is(git(join(out, 'src'), 'status', '--porcelain'), '');
        assert.is(git(join(out, 'src'), 'config', 'remote.origin.url'), url);
        assert.not.match((await run(['grep', '-r', 'secret', out])).stdout, 'secret');
      }),
    ));

  test('submodules come along, unless they are not wanted', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const library = makeRepository(server, 'library');
        writeFileSync(join(library, 'code'), 'library\n');
        commitAll(library);
        const app = makeRepository(server, 'app');
        // Added from the disk: a git that waits for this process's server would wait for ever.
        for (const [name, address] of [
          ['absolute', `${server.origin}/library.git`],
          ['relative', '../library.git'],
        ] as const) {
          git(app, 'submodule', '--quiet', 'add', library, `vendor/${name}`);
          git(app, 'config', '-f', '.gitmodules', `submodule.vendor/${name}.url`, address);
        }
        commitAll(app);
        const url = `${server.origin}/app.git`;
        const files = Object.keys(await built(store, `ADD ${url} /src`));
        assert.equal(files, [
          'src/',
          'src/.gitmodules',
          ...['', 'absolute/', 'absolute/code', 'relative/', 'relative/code'].map((name) => `src/vendor/${name}`),
        ]);
        const without = Object.keys(await built(store, `ADD ${url}?submodules=false /src`));
        assert.equal(without, ['src/', 'src/.gitmodules', 'src/vendor/', 'src/vendor/absolute/', 'src/vendor/relative/']);
      }),
    ));

  test('a token goes to its host as git sends it', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        sampleRepository(server);
        server.intercept((request, response) => {
          const wanted = `basic ${Buffer.from('x-access-token:word').toString('base64')}`;
          if (request.headers.authorization === wanted) return false;
          response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
          return true;
        });
        const line = `ADD ${server.origin}/app.git /src`;
        const refused = await store.tsbuild(['bud', contextOf(store, line)]);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, 'GIT_AUTH_TOKEN');
        const env = { TOKEN: 'word' };
        const host = new URL(server.origin).host;
        // Unencrypted only when it is named for the host.
        const unnamed = await store.tsbuild(['bud', '--secret', 'id=GIT_AUTH_TOKEN,env=TOKEN', contextOf(store, line)], { env });
        assert.is(unnamed.status, 125);
        await store.ok(['bud', '-q', '--secret', `id=GIT_AUTH_TOKEN.${host},env=TOKEN`, contextOf(store, line)], { env });
      }),
    ));

  test('mistakes in git URLs are shown at their line', () =>
    withTestStore(async (store) => {
      const cases = [
        ['https://example.com/a.git?x=1', 'unexpected query "x"'],
        ['https://example.com/a.git?ref=a&ref=b', 'query "ref" has multiple values'],
        ['https://example.com/a.git?ref=a#b', 'ref conflicts: "b" vs "a"'],
        ['https://example.com/a.git#--upload-pack=x', 'invalid git ref "--upload-pack=x"'],
        ['ssh://-oProxyCommand=x/a.git', 'invalid git URL'],
      ];
      for (const [url, message] of cases) {
        const failed = await store.tsbuild(['bud', contextOf(store, `ADD ${url} /src`)]);
        assert.is(failed.status, 125);
        assert.match(failed.stderr, message!);
        assert.match(failed.stderr, '>> 2 | ADD');
      }
    }));
});
