import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { commitAll, makeRepository, withGitServer } from '../../support/git-server.js';
import { suite } from '../../support/suite.js';
import { addBusybox, type TestStore, withTestStore } from '../../support/tsbuild.js';

function directoryOf(store: TestStore, name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(store.directory, name);
  mkdirSync(directory, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content);
  return directory;
}

async function filesOf(store: TestStore, args: readonly string[], context: string): Promise<string> {
  const archive = join(store.directory, 'out.tar');
  await store.ok(['bud', '-q', ...args, '-o', `type=tar,dest=${archive}`, context]);
  return execFileSync('tar', ['--numeric-owner', '-tf', archive]).toString();
}

function content(store: TestStore, path: string): string {
  return execFileSync('tar', ['-xOf', join(store.directory, 'out.tar'), path]).toString();
}

suite('integration/contexts/named-contexts', (test) => {
  test('a directory replaces a stage, a FROM, a COPY --from and what a mount reads, and is part of their keys', () =>
    withTestStore(async (store) => {
      await addBusybox(store);
      const other = directoryOf(store, 'other', { file: 'one\n', ignored: 'x\n', '.dockerignore': 'ignored\n' });
      const context = directoryOf(store, 'context', {
        Containerfile: [
          'FROM localhost/busybox AS tools',
          'RUN false',
          'FROM localhost/busybox',
          'COPY --from=tools /file /copied',
          'COPY --from=other . /all/',
          'RUN --mount=from=other,target=/m cp /m/file /mounted && test ! -e /m/ignored',
          '',
        ].join('\n'),
      });
      const contexts = ['--build-context', `tools=${other}`, '--build-context', `other=${other}`];
      const files = await filesOf(store, contexts, context);
      assert.equal([content(store, 'copied'), content(store, 'mounted'), content(store, 'all/file')], ['one\n', 'one\n', 'one\n']);
      assert.not.match(files, 'ignored\n');
      const again = await store.ok(['bud', ...contexts, context]);
      assert.is(again.stdout.split('Using cache').length - 1, 3);
      writeFileSync(join(other, 'file'), 'two\n');
      const explained = await store.ok(['bud', '--explain', ...contexts, context]);
      assert.match(explained.stdout, 'the named context "tools": file: 4 bytes');
      assert.match(explained.stdout, 'mount /m: the named context "other": file: 4 bytes');
    }));

  test('FROM a directory is a layer of its files', () =>
    withTestStore(async (store) => {
      const base = directoryOf(store, 'base', { made: 'here\n' });
      const context = directoryOf(store, 'context', { Containerfile: 'FROM example.com/base:1\nCOPY Containerfile /\n' });
      await store.ok(['bud', '-q', '--build-context', `example.com/base:1=${base}`, '-t', 'top', context]);
      const { history, rootfs } = JSON.parse((await store.ok(['inspect', '--format', '{{json .OCIv1}}', 'top'])).stdout) as {
        history: { empty_layer?: boolean }[];
        rootfs: { diff_ids: string[] };
      };
      assert.equal([rootfs.diff_ids.length, history.filter(({ empty_layer }) => empty_layer !== true).length], [2, 2]);
      assert.equal((await filesOf(store, ['--build-context', `example.com/base:1=${base}`], context)).split('\n').sort(), [
        '',
        'Containerfile',
        'made',
      ]);
    }));

  test('images: of the store, of a layout by tag and by digest, by other transports, scratch; names and platforms', () =>
    withTestStore(async (store) => {
      await store.ok([
        'bud',
        '-q',
        '-t',
        'one',
        directoryOf(store, 'c1', { Containerfile: 'FROM scratch\nLABEL n=one\nCOPY Containerfile /one\n' }),
      ]);
      const layout = join(store.directory, 'layout');
      await store.ok(['push', 'one', `oci:${layout}:v1`]);
      await store.ok([
        'bud',
        '-q',
        '-t',
        'two',
        directoryOf(store, 'c2', { Containerfile: 'FROM scratch\nLABEL n=two\nCOPY Containerfile /two\n' }),
      ]);
      await store.ok(['push', 'two', `oci:${layout}:v2`]);
      const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
        manifests: { digest: string; annotations: Record<string, string> }[];
      };
      const digest = index.manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === 'v2')!.digest;
      const context = directoryOf(store, 'c', { Containerfile: 'FROM base\nCOPY --from=base / /copy/\n' });
      const cases = [
        ['base=docker-image://localhost/one', 'one'],
        ['docker.io/library/base:latest=container-image://localhost/one', 'one'],
        [`base=oci-layout://${layout}:v1`, 'one'],
        [`base=oci-layout://${layout}:v1@${digest}`, 'two'],
        [`base=oci:${layout}:v2`, 'two'],
        ['base::linux/s390x=docker-image://localhost/one', undefined],
      ] as const;
      for (const [flag, name] of cases) {
        const built = await store.tsbuild(['bud', '-q', '--pull=never', '--build-context', flag, '-t', 'top', context]);
        assert.is(built.status, name === undefined ? 125 : 0, flag + built.stderr);
        if (name !== undefined) assert.is((await store.ok(['inspect', '--format', '{{.OCIv1.Config.Labels.n}}', 'top'])).stdout, name);
      }
      assert.not.match((await store.ok(['images'])).stdout, 'localhost/v1');
    }));

  test('a git repository and a URL, file or archive', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        const repository = makeRepository(server, 'app');
        writeFileSync(join(repository, 'file'), 'git\n');
        const commit = commitAll(repository);
        const packed = directoryOf(store, 'packed', { 'in-archive': 'tar\n' });
        const archive = execFileSync('tar', ['-C', packed, '-czf', '-', '.']);
        server.intercept((request, response) => {
          if (request.url === '/a.tgz') return !!response.end(archive);
          if (request.url === '/one.txt') return !!response.end('file\n');
          return false;
        });
        const context = directoryOf(store, 'context', {
          Containerfile: 'FROM scratch\nCOPY --from=g / /g/\nCOPY --from=t / /t/\nCOPY --from=f one.txt /f\n',
        });
        const flags = [`g=${server.origin}/app.git#${commit}`, `t=${server.origin}/a.tgz`, `f=${server.origin}/one.txt`].flatMap((flag) => [
          '--build-context',
          flag,
        ]);
        await filesOf(store, flags, context);
        assert.equal([content(store, 'g/file'), content(store, 't/in-archive'), content(store, 'f')], ['git\n', 'tar\n', 'file\n']);
        server.requests.splice(0);
        const again = await store.ok(['bud', ...flags, context]);
        assert.is(again.stdout.split('Using cache').length - 1, 3);
        assert.equal(
          server.requests.filter((line) => line.includes('app.git')),
          [],
        );
        const denied = join(store.directory, 'policy.json');
        const selector = { identifier: `${server.origin}/*` };
        writeFileSync(denied, JSON.stringify({ rules: [{ action: 'DENY', selector }] }));
        assert.match((await store.tsbuild(['bud', '--source-policy-file', denied, ...flags, context])).stderr, 'denied by policy');
      }),
    ));

  test('what cannot be meant is refused before anything is built', () =>
    withTestStore(async (store) => {
      const context = directoryOf(store, 'context', { Containerfile: 'FROM scratch\n' });
      const cases = [
        ['x', 'invalid build context "x"'],
        ['=y', 'invalid context name "=y"'],
        ['scratch=.', 'invalid context name scratch'],
        ['x=/nonexistent', 'no such file or directory'],
        ['x=input:other', 'unsupported context source'],
        [`x=oci-layout://${context}:v1`, 'does not exist'],
      ];
      for (const [flag, message] of cases) {
        const failed = await store.tsbuild(['bud', '--build-context', flag!, context]);
        assert.is(failed.status, 125);
        assert.match(failed.stderr, message!);
      }
    }));

  test('ADD of a URL asks whether the file has changed', () =>
    withGitServer((server) =>
      withTestStore(async (store) => {
        let text = 'first\n';
        const asked: string[] = [];
        server.intercept((request, response) => {
          const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
          const isSame = request.headers['if-none-match'] === etag;
          asked.push(isSame ? 'unchanged' : 'sent');
          response.writeHead(isSame ? 304 : 200, { etag, 'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT' });
          return !!response.end(isSame ? undefined : text);
        });
        const context = directoryOf(store, 'context', { Containerfile: `FROM scratch\nADD ${server.origin}/dir/file /\n` });
        await filesOf(store, [], context);
        const verbose = execFileSync('tar', ['--utc', '--full-time', '-tvf', join(store.directory, 'out.tar')]).toString();
        assert.match(verbose, /^-rw------- .* 2023-11-14 22:13:20 file$/m);
        await store.ok(['bud', '-q', context]);
        assert.equal(asked, ['sent', 'unchanged']);
        text = 'second\n';
        await filesOf(store, [], context);
        assert.is(content(store, 'file'), 'second\n');
        // Known not to have changed, but needed for another image.
        writeFileSync(join(context, 'Containerfile'), `FROM scratch\nCOPY Containerfile /\nADD ${server.origin}/dir/file /\n`);
        await filesOf(store, [], context);
        assert.equal(asked, ['sent', 'unchanged', 'sent', 'unchanged', 'sent']);
        const checksum = `sha256:${createHash('sha256').update(text).digest('hex')}`;
        writeFileSync(join(context, 'Containerfile'), `FROM scratch\nADD --checksum=${checksum} ${server.origin}/dir/file /\n`);
        await store.ok(['bud', '-q', context]);
        assert.is(asked.length, 5);
      }),
    ));
});
