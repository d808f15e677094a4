import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commitAll, git, makeRepository, withGitServer } from '../../support/git-server.js';
import { skip, suite } from '../../support/suite.js';
import { run, runOk, type TestStore, withTestStore } from '../../support/tsbuild.js';

interface Case {
  readonly title: string;
  /** Words behind `bud`. */
  readonly args: readonly string[];
  readonly stdin?: string | Buffer;
}

/** Buildah with a store of its own beside ours; nothing is mounted in it. */
function buildah(store: TestStore, args: readonly string[], stdin?: string | Buffer) {
  const place = ['--storage-driver', 'vfs', '--root', join(store.directory, 'peer'), '--runroot', join(store.directory, 'peer-run')];
  // It opens /dev/stdin by name, which is possible with a pipe only.
  return run(['sh', '-c', 'cat | "$@"', 'sh', 'buildah', ...place, ...args], { stdin: stdin ?? '' });
}

/** Path, mode, owner and content of everything in the image, by tar(1). */
function listing(archive: string): readonly string[] {
  const layers = execFileSync('tar', ['-xOf', archive, 'manifest.json']).toString();
  const [{ Layers }] = JSON.parse(layers) as [{ Layers: string[] }];
  return Layers.flatMap((layer) =>
    execFileSync('sh', ['-c', 'tar -xOf "$0" "$1" | tar --numeric-owner --full-time -tvf - | grep -v "^d" || true', archive, layer])
      .toString()
      .trim()
      .split('\n')
      // As with BuildKit, a repository comes without .git (docs/contexts.md).
      .filter((line) => line !== '' && !line.includes(' all/.git/'))
      .map((line) => line.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?/, '').replace(/\s+/g, ' ')),
  ).sort();
}

suite('integration/contexts/beside-buildah', (test) => {
  test('contexts from standard input, the web and git give what Buildah makes of them', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        if (process.getuid?.() !== 0) skip('the comparison with Buildah is made once, by root');
        if ((await run(['sh', '-c', 'command -v buildah'])).status !== 0) skip('there is no buildah to compare with');
        const files = join(store.directory, 'files');
        mkdirSync(join(files, 'sub'), { recursive: true });
        const texts = {
          Containerfile: 'FROM scratch\nCOPY . /all/\n',
          data: 'data\n',
          'sub/Dockerfile': 'FROM scratch\nCOPY x /\n',
          'sub/x': 'x\n',
        };
        for (const [name, text] of Object.entries(texts)) writeFileSync(join(files, name), text);
        const tar = (...flags: string[]): Buffer => execFileSync('tar', ['-C', files, ...flags, '-cf', '-', '.']);
        const repository = makeRepository(server, 'app');
        mkdirSync(join(repository, 'sub'));
        for (const [name, text] of Object.entries(texts)) writeFileSync(join(repository, name), text);
        commitAll(repository);
        git(repository, 'checkout', '--quiet', '-b', 'other');
        writeFileSync(join(repository, 'data'), 'other\n');
        commitAll(repository);
        git(repository, 'checkout', '--quiet', 'main');
        server.intercept((request, response) => (request.url === '/c.tar.gz' ? !!response.end(tar('-z')) : false));
        const named = join(store.directory, 'named');
        mkdirSync(named);
        writeFileSync(join(named, 'file'), 'named\n');
        writeFileSync(join(files, 'Named'), 'FROM scratch\nCOPY --from=other file /file\n');
        const cases: readonly Case[] = [
          { title: 'tar.gz at a URL', args: [`${server.origin}/c.tar.gz`] },
          { title: '-f - with a directory', args: ['-f', '-', files], stdin: 'FROM scratch\nCOPY data /from-stdin\n' },
          {
            title: 'two files',
            args: ['-f', join(files, 'Containerfile'), '-f', join(files, 'Named'), '--build-context', `other=${named}`, files],
          },
          { title: 'a named directory', args: ['--build-context', `other=${named}`, '-f', join(files, 'Named'), files] },
          {
            title: 'a named tar at a URL',
            args: ['--build-context', `other=${server.origin}/c.tar.gz`, '-f', '-', files],
            stdin: 'FROM scratch\nCOPY --from=other data /n\n',
          },
          { title: 'a repository', args: [`${server.origin}/app.git`] },
          { title: 'a branch of it', args: [`${server.origin}/app.git#other`] },
          { title: 'a directory of it', args: [`${server.origin}/app.git#main:sub`] },
        ];
        const differing: string[] = [];
        for (const [number, { title, args, stdin }] of cases.entries()) {
          const theirs = join(store.directory, `theirs-${number}.tar`);
          const ours = join(store.directory, `ours-${number}.tar`);
          const peer = await buildah(store, ['bud', '-q', '-t', 'app', ...args], stdin);
          const own = await store.tsbuild(['bud', '-q', '-t', 'app', ...args], stdin === undefined ? {} : { stdin });
          if (peer.status !== 0 || own.status !== 0) {
            differing.push(`${title}: Buildah ended with ${peer.status}, tsbuild with ${own.status}\n${peer.stderr}${own.stderr}`);
            continue;
          }
          const pushed = await buildah(store, ['push', '-q', 'app', `docker-archive:${theirs}`]);
          assert.is(pushed.status, 0, pushed.stderr);
          await store.ok(['push', '-q', '--force-compression', '--compression-format', 'gzip', 'app', `docker-archive:${ours}`]);
          const [a, b] = [listing(theirs), listing(ours)];
          if (a.join('\n') !== b.join('\n')) differing.push(`${title}\n-- Buildah\n${a.join('\n')}\n-- tsbuild\n${b.join('\n')}`);
        }
        await runOk(['sh', '-c', 'rm -rf "$0" "$1"', join(store.directory, 'peer'), join(store.directory, 'peer-run')]);
        assert.equal(differing, []);
      }),
    ));
});
