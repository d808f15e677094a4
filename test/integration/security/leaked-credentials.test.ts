import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withGpgHome } from '../../support/gpg-home.js';
import { answers, type Behaviour, type HostileSite, withSite } from '../../support/hostile/site.js';
import { imageOf, MANIFEST_TYPE } from '../../support/hostile-image.js';
import { basic } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { addBusybox, run } from '../../support/tsbuild.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// Passwords that commands are given: who gets to see them besides the server they are for.

/** In each form in which one travels. */
const PASSWORDS = ['creds', 'file', 'git', 'wrong', 'percent%zz', 'agent', 'proxy', 'login'].map((use) => `hunter2-${use}`);
const FORMS = PASSWORDS.flatMap((password) => [password, Buffer.from(`ada:${password}`).toString('base64')]);

function assertSilent(where: string, text: string): void {
  for (const form of FORMS) assert.not.ok(text.includes(form), `${where} shows ${form}:\n${text}`);
}

const guarded =
  (password: string, behaviour: Behaviour): Behaviour =>
  (request, response) => {
    const isAda = request.headers.authorization?.toLowerCase() === basic('ada', password).toLowerCase();
    (isAda ? behaviour : answers(401, '', { 'www-authenticate': 'Basic realm="here"' }))(request, response);
  };

/** Programs that write down how they were called, before the real ones. */
function watched({ store }: Guarded, names: readonly string[]): { readonly path: string; readonly calls: () => string } {
  const [directory, log] = [join(store.directory, 'programs'), join(store.directory, 'calls')];
  mkdirSync(directory);
  writeFileSync(log, '');
  for (const name of names) {
    const others = (process.env.PATH ?? '').split(':').map((one) => `[ -x ${one}/${name} ] && exec ${one}/${name} "$@"`);
    writeFileSync(join(directory, name), `#!/bin/sh\nprintf '%s\\n' ${name}: "$@" >>${log}\n${others.join('\n')}\nexit 127\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return { path: `${directory}:${process.env.PATH}`, calls: () => readFileSync(log, 'utf8') };
}

/** All that lies below the store, as bytes. */
async function assertStoreSilent({ store }: Guarded): Promise<void> {
  const patterns = FORMS.flatMap((form) => ['-e', form]);
  const { status, stdout } = await run(store.argv(['unshare', 'grep', '-rlaF', ...patterns, store.root]));
  assert.is(status, 1, `found in ${stdout}`);
}

function addImage(site: HostileSite): string {
  const image = imageOf([tarOf([{ name: 'f', data: 'x' }])]);
  const name = site.addImage('lib/app', image);
  site.on('/v2/lib/app/manifests/latest', guarded('hunter2-creds', answers(200, image.manifest, { 'content-type': MANIFEST_TYPE })));
  site.on('/file', guarded('hunter2-file', answers(200, 'content')));
  site.on('/percent', guarded('hunter2-percent%zz', answers(200, 'content')));
  return name;
}

suite('security/leaked-credentials', (test) => {
  test('a build that needs passwords tells them to nobody else: not its log, history, cache, files, children or pushes', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        const { store, context } = place;
        const name = addImage(site);
        const { path, calls } = watched(place, ['git']);
        const lines = [
          `FROM ${name}`,
          `ADD http://ada:hunter2-file@${site.host}/file /file`,
          `ARG SERVER`,
          'ADD $SERVER/file /by-argument',
          `ADD http://ada:hunter2-percent%zz@${site.host}/percent /percent`,
        ];
        writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
        const at = (file: string) => join(store.directory, file);
        const flags = ['--tls-verify=false', '--creds', 'ada:hunter2-creds', '--build-arg', `SERVER=http://ada:hunter2-file@${site.host}`];
        const records = ['--metadata-file', at('metadata'), '--cache-to', `type=local,dest=${at('cache')}`, '--logfile', at('log')];
        for (const attempt of ['first', 'second']) {
          const { stdout, stderr } = await store.ok([
            '--log-level',
            'trace',
            'bud',
            ...flags,
            ...records,
            '--explain=json',
            '-t',
            'app',
            context,
          ]);
          assertSilent(attempt, `${stdout}\n${stderr}`);
        }
        for (const args of [['history', '--no-trunc', 'app'], ['inspect', 'app'], ['image', 'inspect', 'app'], ['cache', 'why'], ['info']])
          assertSilent(args.join(' '), (await store.tsbuild(args)).stdout);
        for (const file of ['metadata', 'log']) assertSilent(file, readFileSync(at(file), 'utf8'));
        await store.ok(['push', 'app', `dir:${at('pushed')}`]);
        for (const folder of ['pushed', 'cache']) {
          const { status } = await run(['grep', '-rlaF', ...FORMS.flatMap((form) => ['-e', form]), at(folder)]);
          assert.is(status, 1, folder);
        }
        await assertStoreSilent(place);

        writeFileSync(join(context, 'Git'), `FROM scratch\nADD http://ada:hunter2-git@${site.host}/app.git /\n`);
        const git = await store.tsbuild(['bud', '-f', join(context, 'Git'), context], { env: { PATH: path } });
        assert.is(git.status, 125);
        assertSilent('arguments of git', calls());
        assert.ok(
          site.requests.some(({ path: asked, headers }) => asked.startsWith('/app.git') && headers.authorization !== undefined),
          git.stderr,
        );
        assertSilent('git', `${git.stdout}\n${git.stderr}`);
        await assertStoreSilent(place);
      }),
    ));

  test('no program that a command starts is given a password as an argument', () =>
    withSite({}, (site) =>
      withGuarded((place) =>
        withGpgHome(async (gpg) => {
          const { store, context } = place;
          await addBusybox(store);
          const helpers = ['newuidmap', 'newgidmap', 'pasta', 'slirp4netns', 'crun', 'runc', 'zstd', 'gzip'];
          const { path, calls } = watched(place, ['git', 'ssh', 'gpg', 'ssh-agent', 'ssh-add', 'docker-credential-watched', ...helpers]);
          const env = { ...gpg.env, PATH: path };
          const file = (name: string, text: string): string => {
            writeFileSync(join(store.directory, name), text);
            return join(store.directory, name);
          };
          const secrets = ['creds', 'git'].map((use) => file(use, `hunter2-${use}`));
          const auth = file('auth.json', JSON.stringify({ credHelpers: { [site.host]: 'watched' } }));
          const build = (name: string, ...lines: string[]): string[] => {
            writeFileSync(join(context, name), `FROM busybox\n${lines.join('\n')}\n`);
            const given = ['--secret', `id=s,src=${secrets[0]}`, '--secret', `id=GIT_AUTH_TOKEN.${site.host},src=${secrets[1]}`];
            return ['bud', '--no-cache', '--retry', '0', ...given, '-f', join(context, name), context];
          };
          site.on('/v2/', answers(401, '', { 'www-authenticate': 'Basic realm="here"' }));
          const command = build('Run', 'RUN --mount=type=secret,id=s test -s /run/secrets/s');
          await store.ok(command, { env });
          // By a runtime where one works.
          await store.tsbuild(['bud', '--isolation', 'oci', ...command.slice(1)], { env });
          for (const args of [
            build('Token', `ADD http://${site.host}/app.git /`),
            build('Ssh', 'ADD ssh://ada:hunter2-git@127.0.0.1:1/app.git /'),
            ['pull', '--tls-verify=false', '--retry', '0', '--authfile', auth, `docker://${site.host}/lib/app`],
            ['push', '--tls-verify=false', '--retry', '0', '--creds', 'ada:hunter2-creds', 'busybox', 'docker://127.0.0.1:1/lib/app'],
          ])
            assert.is((await store.tsbuild(args, { env })).status, 125, args.join(' '));
          const key = await gpg.makeKey('ada@example.com', 'hunter2-login');
          const signed = [
            '--sign-by',
            key,
            '--sign-passphrase-file',
            file('passphrase', 'hunter2-login\n'),
            '--sign-identity',
            'example.com/a:1',
          ];
          await store.ok(['image', 'copy', ...signed, 'containers-storage:busybox', `dir:${join(store.directory, 'signed')}`], { env });
          assertSilent('an argument', calls());
          assert.match(calls(), /^ada@127.0.0.1:1$|^ada@127.0.0.1$/m);
          for (const name of ['git', 'ssh', 'gpg', 'docker-credential-watched']) assert.match(calls(), new RegExp(`^${name}:$`, 'm'));
          await assertStoreSilent(place);
        }),
      ),
    ));

  test('no error shows the password that led to it', () =>
    withSite({}, (site) =>
      withGuarded(async (place) => {
        const { store, context } = place;
        const name = addImage(site);
        const build = (file: string, text: string): readonly string[] => {
          writeFileSync(join(context, file), text);
          return ['bud', '--tls-verify=false', '--retry', '0', '-f', join(context, file), context];
        };
        const broken = join(store.directory, 'broken.json');
        writeFileSync(broken, `{"auths":{"${site.host}":{"auth":"${Buffer.from('ada:hunter2-agent').toString('base64')}"},}}`);
        const to = ['--tls-verify=false', '--retry', '0'];
        const wrong = `http://ada:hunter2-wrong@${site.host}`;
        for (const args of [
          ['pull', ...to, '--creds', 'ada:hunter2-wrong', `docker://${name}`],
          ['pull', ...to, '--creds', 'hunter2-wrong', `docker://${name}`],
          ['pull', ...to, '--authfile', broken, `docker://${name}`],
          ['login', ...to, '-u', 'ada', '-p', 'hunter2-login', '--authfile', join(store.directory, 'auth.json'), '127.0.0.1:1'],
          ['bud', '--retry', '0', `${wrong}/context.tar`],
          ['bud', '--retry', '0', `${wrong}/context.git`],
          ['bud', '--build-context', `named=${wrong}/context.git#a:../b`, context],
          build('Missing', `FROM scratch\nADD ${wrong}/missing /\n`),
          build('Checksum', `FROM scratch\nADD --checksum=sha256:${'0'.repeat(64)} http://ada:hunter2-file@${site.host}/file /\n`),
          build('NoUrl', 'FROM scratch\nADD http://ada:hunter2-wrong@[ /\n'),
          build('From', `FROM ${wrong}/image\n`),
          build('CopyFrom', `FROM scratch\nCOPY --from=${wrong}/image / /\n`),
          build('Unknown', `FROM scratch\nAD ${wrong}/file /\n`),
          build('Commit', `FROM scratch\nADD --checksum=none ${wrong}/x.git /\n`),
        ]) {
          const title = args.join(' ');
          const { status, stdout, stderr } = await store.tsbuild(['--log-level', 'debug', ...args]);
          assert.is(status, 125, `${title}\n${stdout}${stderr}`);
          assertSilent(title, `${stdout}\n${stderr}`);
          assert.match(stderr, /Error: (?!.*internal error)/, title);
        }
        const env = { http_proxy: 'http://ada:hunter2-proxy@127.0.0.1:1', no_proxy: '', NO_PROXY: undefined };
        const proxied = await store.tsbuild(['--log-level', 'debug', 'pull', ...to, 'docker://registry.example/app'], { env });
        assert.is(proxied.status, 125);
        assertSilent('proxy', `${proxied.stdout}\n${proxied.stderr}`);
      }),
    ));
});
