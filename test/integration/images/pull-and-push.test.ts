import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { basic, type TestRegistry, type TestRegistryOptions, withRegistry } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { type TestStore, withTestStore } from '../../support/tsbuild.js';

/** A store with an image `app`, and a registry that speaks http alone. */
function withApp(body: (store: TestStore, registry: TestRegistry) => Promise<void>, options: TestRegistryOptions = {}): Promise<void> {
  return withRegistry(options, (registry) =>
    withTestStore(async (store) => {
      writeFileSync(join(store.directory, 'Containerfile'), 'FROM scratch\nCOPY Containerfile /\nLABEL a=b\n');
      await store.ok(['bud', '-q', '-t', 'app', store.directory]);
      await body(store, registry);
    }),
  );
}

const OPEN = '--tls-verify=false';

suite('pull and push', (test) => {
  test('pull --all-tags brings every tag, and takes a repository only', () =>
    withApp(async (store, registry) => {
      for (const tag of ['1', '2']) await store.ok(['push', OPEN, 'app', `docker://${registry.host}/team/app:${tag}`]);
      const { stdout } = await store.ok(['pull', OPEN, '--all-tags', `${registry.host}/team/app`]);
      assert.is(stdout.trim().split('\n').length, 2);
      const listed = await store.ok(['images', '--format', '{{.Name}}:{{.Tag}}']);
      for (const tag of ['1', '2']) assert.match(listed.stdout, `${registry.host}/team/app:${tag}`);
      const refused = await store.tsbuild(['pull', OPEN, '-a', `${registry.host}/team/app:1`]);
      assert.is(refused.status, 125);
    }));

  test('push --rm takes the name away when the image is there; --digestfile tells its digest', () =>
    withApp(async (store, registry) => {
      const file = join(store.directory, 'digest');
      await store.ok(['push', OPEN, '--rm', '--digestfile', file, 'app', `docker://${registry.host}/app:1`]);
      assert.is((await store.ok(['images', '-q'])).stdout, '');
      await store.ok(['pull', OPEN, `docker://${registry.host}/app@${readFileSync(file, 'utf8')}`]);
    }));

  test('an image the policy rejects, or wants a signature of, is not brought in by pull, from or a build', () =>
    withApp(async (store, registry) => {
      for (const name of ['good', 'bad', 'signed']) await store.ok(['push', OPEN, 'app', `docker://${registry.host}/${name}:1`]);
      const policy = join(store.directory, 'policy.json');
      const scopes = {
        [`${registry.host}/bad`]: [{ type: 'reject' }],
        [`${registry.host}/signed`]: [{ type: 'sigstoreSigned', keyPath: '/k' }],
      };
      writeFileSync(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }], transports: { docker: scopes } }));
      const home = join(store.directory, 'config');
      mkdirSync(join(home, 'containers'), { recursive: true });
      writeFileSync(join(home, 'containers/policy.json'), readFileSync(policy));
      const before = registry.requests.length;
      for (const [name, pattern] of [
        ['bad', /rejected by policy/],
        ['signed', /requires "sigstoreSigned".*GPG keys only/],
      ] as const) {
        const pulled = await store.tsbuild(['pull', OPEN, '--signature-policy', policy, `${registry.host}/${name}:1`]);
        assert.is(pulled.status, 125);
        assert.match(pulled.stderr, pattern);
        const from = await store.tsbuild(['from', OPEN, `docker://${registry.host}/${name}:1`], { env: { XDG_CONFIG_HOME: home } });
        assert.match(from.stderr, pattern);
        const context = join(store.directory, name);
        mkdirSync(context);
        writeFileSync(join(context, 'Containerfile'), `FROM ${registry.host}/${name}:1\nLABEL c=d\n`);
        const built = await store.tsbuild(['bud', OPEN, context], { env: { XDG_CONFIG_HOME: home } });
        assert.is(built.status, 125);
        assert.match(built.stderr, pattern);
      }
      assert.is(registry.requests.length, before, 'the registry was asked before the policy');
      await store.ok(['pull', OPEN, '--signature-policy', policy, `${registry.host}/good:1`]);
    }));

  test('--creds are not shown to a mirror with another name, which gets what is kept for it', () =>
    withRegistry({ auth: { kind: 'basic', username: 'mirror', password: 'own' } }, (mirror) =>
      withApp(async (store, registry) => {
        const kept = join(store.directory, 'auth.json');
        const auths = { [mirror.host]: { auth: Buffer.from('mirror:own').toString('base64') } };
        writeFileSync(kept, JSON.stringify({ auths }));
        await store.ok(['push', OPEN, '--authfile', kept, 'app', `docker://${mirror.host}/app:1`]);
        const conf = join(store.directory, 'registries.conf');
        const location = (host: string): string => `location = "${host}"\ninsecure = true\n`;
        writeFileSync(conf, `[[registry]]\n${location(registry.host)}[[registry.mirror]]\n${location(mirror.host)}`);
        const sent = mirror.requests.length;
        const args = ['--registries-conf', conf, 'pull', '--authfile', kept, '--creds', 'user:secret', `${registry.host}/app:1`];
        await store.ok(args);
        assert.ok(mirror.requests.length > sent);
        assert.not.ok(mirror.requests.some(({ headers }) => headers.authorization === basic('user', 'secret')));
      }),
    ));

  test('a token server gives tokens to whom login knows, for push and for pull', () =>
    withApp(
      async (store, registry) => {
        const authFile = join(store.directory, 'auth.json');
        const flags = [OPEN, '--authfile', authFile];
        const refused = await store.tsbuild(['login', ...flags, '-u', 'ada', '-p', 'wrong', registry.host]);
        assert.is(refused.status, 125);
        assert.match(refused.stderr, /invalid username\/password/);
        await store.ok(['login', ...flags, '-u', 'ada', '-p', 'x:y', registry.host]);
        await store.ok(['push', ...flags, 'app', `docker://${registry.host}/team/app:1`]);
        await store.ok(['pull', ...flags, '--policy', 'always', `docker://${registry.host}/team/app:1`]);
        const scopes = registry.requests.flatMap(({ path }) => new URL(path, 'http://host').searchParams.getAll('scope'));
        assert.ok(scopes.includes('repository:team/app:pull,push'));
        assert.ok(scopes.includes('repository:team/app:pull'));
      },
      { auth: { kind: 'token', username: 'ada', password: 'x:y' } },
    ));

  test('--retry and --retry-delay say how often and how soon an answer that says "later" is asked again', () => {
    let refusals = 2;
    const fault: TestRegistryOptions['fault'] = ({ method, path }) =>
      method === 'GET' && path.includes('/manifests/') && refusals-- > 0 ? { kind: 'answer', status: 503 } : undefined;
    return withApp(
      async (store, registry) => {
        await store.ok(['push', OPEN, 'app', `docker://${registry.host}/app:1`]);
        const pull = ['pull', OPEN, '--policy', 'always', '--retry-delay', '10ms'];
        const once = await store.tsbuild([...pull, '--retry', '0', `docker://${registry.host}/app:1`]);
        assert.is(once.status, 125);
        assert.match(once.stderr, /503/);
        await store.ok([...pull, '--retry', '1', `docker://${registry.host}/app:1`]);
      },
      { fault },
    );
  });

  test('with short-name-mode enforcing a name that may mean several images is not guessed; an alias says which', () =>
    withApp(async (store, registry) => {
      const conf = join(store.directory, 'registries.conf');
      const text = `unqualified-search-registries = ["one.invalid", "two.invalid"]\nshort-name-mode = "enforcing"\n[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n[aliases]\nknown = "${registry.host}/app"\n`;
      writeFileSync(conf, text);
      const refused = await store.tsbuild(['--registries-conf', conf, 'pull', 'unknown']);
      assert.is(refused.status, 125);
      assert.match(refused.stderr, /short-name resolution enforced.*one\.invalid\/unknown or two\.invalid\/unknown/);
      await store.ok(['push', OPEN, 'app', `docker://${registry.host}/app:latest`]);
      await store.ok(['--registries-conf', conf, 'pull', 'known']);
    }));

  test('containers-storage: names this store, with its directory or without; another store is refused', () =>
    withApp(async (store) => {
      const name = await store.ok(['from', `containers-storage:[overlay@${store.root}+/run/x]app`]);
      assert.is(name.stdout, 'app-working-container\n');
      const other = await store.tsbuild(['from', 'containers-storage:[overlay@/var/lib/containers/storage]app']);
      assert.is(other.status, 125);
      assert.match(other.stderr, /Cannot use the store/);
      const missing = await store.tsbuild(['pull', 'containers-storage:nothing']);
      assert.match(missing.stderr, /image not known/);
      await store.ok(['push', 'app', `containers-storage:[vfs@${store.root}]copy`]);
      assert.match((await store.ok(['images'])).stdout, /localhost\/copy/);
      await store.ok(['bud', '-q', '-t', `containers-storage:[overlay@${store.root}]third`, store.directory]);
      assert.match((await store.ok(['images'])).stdout, /localhost\/third/);
    }));
});
