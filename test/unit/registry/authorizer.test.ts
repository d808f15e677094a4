import { type AddressInfo, createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { openRegistry, type RegistryCredentials } from '../../../src/registry/index.js';
import { type Auth, basic, type Fault, type SeenRequest, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, OCI_MANIFEST, openClient, readAll, sampleManifest } from './open-client.js';

const password: RegistryCredentials = { kind: 'password', username: 'ann', password: 'p:w "ü' };
const known = { username: 'ann', password: 'p:w "ü' };
const isToken = ({ path }: SeenRequest) => path.startsWith('/token');

suite('authorization', (test) => {
  const ways: readonly [title: string, auth: Auth, credentials: RegistryCredentials | undefined][] = [
    ['Basic', { kind: 'basic', ...known }, password],
    ['an anonymous token', { kind: 'token' }, undefined],
    ['a token for a password', { kind: 'token', ...known }, password],
    ['a token for an identity token', { kind: 'token', identityToken: 'id-1' }, { kind: 'identity-token', token: 'id-1' }],
  ];
  for (const [title, auth, credentials] of ways) {
    test(`by ${title}`, async () => {
      await withRegistry({ auth }, async (registry) => {
        registry.addManifest('team/app', '1', sampleManifest(), OCI_MANIFEST);
        const asked: string[] = [];
        const client = openClient(registry, {
          credentials: async (repository) => {
            asked.push(repository);
            return credentials;
          },
        });
        await client.fetchManifest('team/app', '1');
        assert.ok(asked.every((repository) => repository === 'team/app'));
      });
    });
  }

  test('a token request names account, service and scope', async () => {
    await withRegistry({ auth: { kind: 'token', ...known } }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await openClient(registry, { credentials: async () => password }).fetchManifest('app', '1');
      const query = new URL(registry.requests.find(isToken)?.path ?? '', registry.origin).searchParams;
      assert.equal(Object.fromEntries(query), { account: 'ann', service: 'test,registry', scope: 'repository:app:pull' });
    });
  });

  test('many blobs at once make one token request', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (registry) => {
      const blobs = Array.from({ length: 6 }, (_, index) => Buffer.from(`blob ${index}`));
      for (const blob of blobs) registry.addBlob('app', blob);
      const client = openClient(registry);
      await Promise.all(blobs.map((blob) => readAll(client.fetchBlob('app', descriptorOf(blob)))));
      assert.is(registry.count('GET', /^\/token/), 1);
      assert.is(registry.count('GET', /^\/v2\/$/), 1);
    });
  });

  test('a revoked token is renewed once, whoever notices', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (registry) => {
      const blob = Buffer.from('blob');
      registry.addBlob('app', blob);
      const client = openClient(registry);
      await client.hasBlob('app', descriptorOf(blob));
      registry.revokeTokens();
      await Promise.all([1, 2, 3, 4].map(() => client.hasBlob('app', descriptorOf(blob))));
      assert.is(registry.count('GET', /^\/token/), 2);
    });
  });

  test('a token is kept for 60 seconds even if it is said to last less', async () => {
    await withRegistry({ auth: { kind: 'token', expiresIn: 1 } }, async (registry) => {
      const client = openClient(registry);
      for (let times = 0; times < 3; times++) await client.hasBlob('app', descriptorOf(Buffer.from('x')));
      assert.is(registry.count('GET', /^\/token/), 1);
    });
  });

  test('a scope the registry finds missing is asked for', async () => {
    const challenge = (realm: string) => `Bearer realm="${realm}",scope="repository:upstream:pull",error="insufficient_scope"`;
    let host = '';
    const fault = ({ path, headers }: SeenRequest): Fault | undefined =>
      path.includes('/manifests/') && headers.authorization === 'Bearer token-1'
        ? { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge(`http://${host}/token`) } }
        : undefined;
    await withRegistry({ auth: { kind: 'token' }, fault }, async (registry) => {
      host = registry.host;
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await openClient(registry).fetchManifest('app', '1');
      const asked = registry.requests.filter(isToken).at(-1)?.path ?? '';
      assert.match(decodeURIComponent(asked), /scope=repository:app:pull&scope=repository:upstream:pull/);
    });
  });

  test('a registry that lets everybody ping is asked again with its later challenge', async () => {
    const open = ({ path }: SeenRequest): Fault | undefined => (path === '/v2/' ? { kind: 'answer', status: 200, body: '{}' } : undefined);
    await withRegistry({ auth: { kind: 'basic', ...known }, fault: open }, async (registry) => {
      registry.addManifest('app', '1', sampleManifest(), OCI_MANIFEST);
      await openClient(registry, { credentials: async () => password }).fetchManifest('app', '1');
    });
  });
});

suite('refusals', (test) => {
  test('without credentials the message says how to give them', async () => {
    await withRegistry({ auth: { kind: 'basic', ...known } }, async (registry) => {
      const error = await rejects(openClient(registry).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR' });
      assert.is(
        error.message,
        `Cannot read ${registry.host}/app:1: ${registry.host} wants to know who asks, and there are no credentials for it (401 UNAUTHORIZED: authentication required)`,
      );
      assert.match((error as Error & { hint?: string }).hint ?? '', /--creds/);
    });
  });
  for (const auth of [{ kind: 'basic', ...known } as const, { kind: 'token', ...known } as const]) {
    test(`a wrong password for ${auth.kind} is said, without the password`, async () => {
      await withRegistry({ auth }, async (registry) => {
        const credentials = async (): Promise<RegistryCredentials> => ({ kind: 'password', username: 'ann', password: 'wrong-secret' });
        const error = await rejects(openClient(registry, { credentials }).fetchManifest('app', '1'), {
          code: 'REGISTRY_ERROR',
          message: /user "ann"/,
        });
        assert.not.match(JSON.stringify([error.message, error]), /wrong-secret|d3Jvbmct/);
        assert.ok(registry.requests.length < 6);
      });
    });
  }
});

suite('a hostile token service', (test) => {
  const answers: readonly [title: string, fault: Fault][] = [
    ['no token', { kind: 'answer', status: 200, body: '{}' }],
    ['null', { kind: 'answer', status: 200, body: 'null' }],
    ['a number', { kind: 'answer', status: 200, body: '{"token":1}' }],
    ['a token with a line break', { kind: 'answer', status: 200, body: '{"token":"a\\r\\nX: y"}' }],
    ['no JSON', { kind: 'answer', status: 200, body: 'token' }],
    ['an answer without end', { kind: 'endless' }],
    ['a redirect to a file', { kind: 'answer', status: 302, headers: { location: 'file:///etc/passwd' } }],
  ];
  for (const [title, answer] of answers) {
    test(`that gives ${title} is refused`, async () => {
      const fault = (request: SeenRequest) => (isToken(request) ? answer : undefined);
      await withRegistry({ auth: { kind: 'token' }, fault }, async (registry) => {
        await rejects(openClient(registry).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR', message: /log in to|token/ });
      });
    });
  }

  test('on another host gets no password over http', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (thief) => {
      // The same machine, by another name: the host differs.
      const realm = `${thief.origin.replace('127.0.0.1', '127.0.0.2')}/token`;
      await withRegistry({ auth: { kind: 'token', ...known, realm } }, async (registry) => {
        await rejects(openClient(registry, { credentials: async () => password }).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR' });
        assert.ok(thief.requests.every(({ headers, path }) => headers.authorization === undefined && !path.includes('ann')));
      });
    });
  });

  test('gets the password only itself, not whom it redirects to', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (thief) => {
      const fault = (request: SeenRequest): Fault | undefined =>
        isToken(request) ? { kind: 'answer', status: 302, headers: { location: `${thief.origin}/token` } } : undefined;
      await withRegistry({ auth: { kind: 'token', ...known }, fault }, async (registry) => {
        await rejects(openClient(registry, { credentials: async () => password }).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR' });
        assert.ok(registry.requests.some(({ headers }) => headers.authorization === basic('ann', known.password)));
        assert.ok(thief.requests.length > 0);
        assert.ok(thief.requests.every(({ headers }) => headers.authorization === undefined));
      });
    });
  });
});

suite('ping', (test) => {
  test('a web server that is no registry is said as such', async () => {
    const fault = (): Fault => ({ kind: 'answer', status: 404, body: '<html>' });
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).fetchManifest('app', '1'), { code: 'REGISTRY_ERROR', message: /no image registry/ });
    });
  });
  test('plain http is not tried unless it is allowed', async () => {
    await withRegistry({}, async (registry) => {
      const client = openClient(registry, { insecure: false });
      await rejects(client.fetchManifest('app', '1'), { code: 'REGISTRY_ERROR', message: /does not speak TLS/ });
      assert.is(registry.requests.length, 0);
    });
  });
  test('a silent server is left at once when the caller gives up', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = openRegistry({ host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 20);
    const started = performance.now();
    await rejects(client.fetchManifest('app', '1', { signal: controller.signal }), { message: /enough/ });
    assert.ok(performance.now() - started < 5000);
    await client.close();
    server.close();
  });
  test('a failed ping is tried anew by the next call', async () => {
    let broken = true;
    const fault = (): Fault | undefined => (broken ? { kind: 'answer', status: 500 } : undefined);
    await withRegistry({ fault }, async (registry) => {
      const client = openClient(registry);
      await rejects(client.hasBlob('app', descriptorOf(Buffer.from('x'))), { message: /500/ });
      broken = false;
      assert.is(await client.hasBlob('app', descriptorOf(Buffer.from('x'))), false);
    });
  });
});
