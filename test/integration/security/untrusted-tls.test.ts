import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { makeAuthority } from '../../support/hostile/certificates.js';
import { type Attempt, allRefused } from '../../support/hostile/refused.js';
import { answers, type HostileSite, redirects, withSites } from '../../support/hostile/site.js';
import { digestOf, imageOf, MANIFEST_TYPE } from '../../support/hostile-image.js';
import { suite } from '../../support/suite.js';
import { tarOf } from '../../support/tar-of.js';
import { withTempDir } from '../../support/temp-dir.js';
import { type Guarded, withGuarded } from '../../support/unchanged.js';

// Servers that cannot show who they are, in every path that a command takes to one.

const LAYER = tarOf([{ name: 'file', data: 'x' }]);
const IMAGE = imageOf([LAYER]);
const CREDS = ['--creds', 'ada:hunter2'];

interface Scene extends Guarded {
  /** Whose authority is in the file that `env` names. */
  readonly trusted: HostileSite;
  /** Of another authority. */
  readonly stranger: HostileSite;
  /** Shows the certificate of another host, by the trusted authority. */
  readonly other: HostileSite;
  /** Its certificate ended yesterday. */
  readonly expired: HostileSite;
  readonly plain: HostileSite;
  /** Of the commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** With an image `app` and a list `list` in the store. */
function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  return withTempDir(async (directory) => {
    const [authority, unknown] = [makeAuthority(directory, 'authority'), makeAuthority(directory, 'unknown')];
    const pairs = [
      authority.certify('trusted'),
      unknown.certify('stranger'),
      authority.certify('other', { host: 'DNS:other.example' }),
      authority.certify('expired', { days: -1 }),
    ];
    await withSites([...pairs.map((tls) => ({ tls })), {}], (trusted, stranger, other, expired, plain) =>
      withGuarded(async (place) => {
        const { store, context } = place;
        const file = join(store.directory, 'authority.crt');
        writeFileSync(file, authority.ca);
        writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\n');
        await store.ok(['bud', '-q', '-t', 'app', '--manifest', 'list', context]);
        const env = { SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: undefined, TSBUILD_EXTRA_CA_CERTS: undefined };
        await body({ ...place, trusted: trusted!, stranger: stranger!, other: other!, expired: expired!, plain: plain!, env });
      }),
    );
  });
}

type Build = (file: string, text: string, ...flags: readonly string[]) => readonly string[];

const builder =
  (context: string, ...always: readonly string[]): Build =>
  (file, text, ...flags) => {
    const path = join(context, file);
    writeFileSync(path, text);
    return ['bud', '--retry', '0', ...always, '-f', path, ...flags, context];
  };

/** Every way in which a command comes to speak to a registry. */
function waysToRegistry({ host }: HostileSite, { store, context }: Guarded): readonly (readonly string[])[] {
  const name = `${host}/lib/app`;
  const build = builder(context);
  return [
    ['pull', '--retry', '0', ...CREDS, `docker://${name}`],
    ['pull', '--retry', '0', '--all-tags', `docker://${name}`],
    ['push', '--retry', '0', ...CREDS, 'app', `docker://${name}`],
    ['login', '--retry', '0', '-u', 'ada', '-p', 'hunter2', '--authfile', join(store.directory, 'auth.json'), host],
    ['search', '--retry', '0', `${host}/x`],
    ['from', '--retry', '0', name],
    ['image', 'copy', '--retry', '0', `docker://${name}`, `dir:${join(store.directory, 'copy')}`],
    ['image', 'copy', '--retry', '0', 'containers-storage:app', `docker://${name}`],
    ['image', 'inspect', '--retry', '0', `docker://${name}`],
    ['manifest', 'add', '--retry', '0', 'list', `docker://${name}`],
    ['manifest', 'push', '--retry', '0', '--all', 'list', `docker://${name}`],
    build('From', `FROM ${name}\n`),
    build('CopyFrom', `FROM scratch\nCOPY --from=${name} /file /\n`),
    build('Named', 'FROM named\n', '--build-context', `named=docker-image://${name}`),
  ];
}

/** Every way to a server that is no registry: `--tls-verify` does not speak of those. */
function waysToFiles({ host, origin }: HostileSite, { context }: Guarded): readonly (readonly string[])[] {
  const inContext = builder(context, '--tls-verify=false');
  const build: Build = (file, ...rest) => inContext(`${host}-${file}`, ...rest);
  return [
    build('AddUrl', `FROM scratch\nADD ${origin}/file /\n`),
    build('AddGit', `FROM scratch\nADD ${origin}/repository.git /\n`),
    build('NamedUrl', 'FROM scratch\nCOPY --from=named file /\n', '--build-context', `named=${origin}/context.tar`),
    ['bud', `${origin}/context.tar`],
    ['bud', `${origin}/repository.git`],
  ];
}

const UNKNOWN = /is signed by an authority that is not trusted here \(x509|SSL certificate problem|certificate verif/;

const ways = (all: readonly (readonly string[])[], says: RegExp, env: Scene['env']): readonly Attempt[] =>
  all.map((args) => ({ title: args.join(' '), args, says, run: { env } }));

suite('security/untrusted-tls', (test) => {
  test('a server of an unknown authority gets not one request from any command', () =>
    withScene(async ({ stranger, env, ...place }) => {
      const { store, context } = place;
      await allRefused(place, ways([...waysToRegistry(stranger, place), ...waysToFiles(stranger, place)], UNKNOWN, env));
      const cache = `type=registry,ref=${stranger.host}/lib/cache`;
      const { stderr } = await store.ok(['bud', '--retry', '0', '--cache-from', cache, '--cache-to', cache, context], { env });
      const [add] = waysToFiles(stranger, place);
      assert.not.match((await store.tsbuild(add!, { env })).stderr, /--tls-verify/, 'there is no way around for ADD');
      assert.match(stderr, /\[Warning\] cannot export the cache to .*not trusted here/);
      assert.equal(stranger.seen('/'), []);
    }));

  test('nor does one that shows the certificate of another host, or one that has expired', () =>
    withScene(async ({ other, expired, env, ...place }) => {
      const some = (site: HostileSite) => [
        ...waysToRegistry(site, place).filter(([verb]) => verb === 'push' || verb === 'login'),
        ...waysToFiles(site, place).slice(0, 2),
      ];
      await allRefused(place, [
        ...ways(
          some(other),
          /its certificate is for another host|does not match target host name|server certificate verification failed/,
          env,
        ),
        ...ways(some(expired), /its certificate has expired|server certificate verification failed/, env),
      ]);
      assert.equal([...other.seen('/'), ...expired.seen('/')], []);
    }));

  test('a registry that speaks http alone gets nothing in plain text unless that was allowed', () =>
    withScene(async ({ plain, env, ...place }) => {
      await allRefused(place, ways(waysToRegistry(plain, place), /does not speak TLS as expected/, env));
      assert.equal(plain.seen('/'), []);
    }));

  test('a trusted registry leads nobody to an untrusted server, by a redirect, a token server, an upload or a page', () =>
    withScene(async ({ trusted, stranger, other, expired, plain, env, ...place }) => {
      const image = { 'content-type': MANIFEST_TYPE };
      const targets: readonly (readonly [name: string, site: HostileSite, says: RegExp])[] = [
        ['stranger', stranger, UNKNOWN],
        ['other', other, /its certificate is for another host/],
        ['expired', expired, /its certificate has expired/],
        ['plain', plain, /from https to unprotected http|is not reached by https/],
      ];
      const attempts = targets.flatMap(([name, { origin }, says]): Attempt[] => {
        const repository = (kind: string) => `/v2/${kind}/${name}`;
        const manifest = (kind: string) => `${repository(kind)}/manifests/latest`;
        trusted.addImage(`blob/${name}`, IMAGE);
        trusted.on(`${repository('blob')}/blobs/${digestOf(LAYER)}`, redirects(`${origin}/layer`));
        trusted.on(manifest('blob'), answers(200, IMAGE.manifest, image)).on(manifest('manifest'), redirects(`${origin}/manifest`));
        trusted.on(manifest('token'), answers(401, '', { 'www-authenticate': `Bearer realm="${origin}/token"` }));
        trusted.on(`${repository('upload')}/blobs/uploads/`, answers(202, '', { location: `${origin}/upload` }));
        trusted.on(`${repository('tags')}/tags/list`, answers(200, '{"tags":[]}', { link: `<${origin}/next>; rel="next"` }));
        trusted.on(`/file/${name}`, redirects(`${origin}/file`));
        const docker = (kind: string): string => `docker://${trusted.host}/${kind}/${name}`;
        const named = (kind: string, args: readonly string[], words = says): Attempt => ({
          title: `${kind} ${name}`,
          args,
          says: words,
          run: { env },
        });
        return [
          ...['blob', 'manifest', 'token'].map((kind) => named(kind, ['pull', '--retry', '0', ...CREDS, docker(kind)])),
          named('upload', ['push', '--retry', '0', ...CREDS, 'app', docker('upload')]),
          named(
            'tags',
            ['pull', '--retry', '0', '--all-tags', docker('tags')],
            /from https to unprotected http|the next page is on another host/,
          ),
          named('file', builder(place.context)(`AddFrom-${name}`, `FROM scratch\nADD ${trusted.origin}/file/${name} /\n`)),
        ];
      });
      await allRefused(place, attempts);
      assert.equal(
        [stranger, other, expired, plain].flatMap((site) => site.seen('/')),
        [],
      );
      assert.ok(trusted.seen('/v2/blob/').length > 0);
    }));
});
