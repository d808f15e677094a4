import { createReadStream } from 'node:fs';
import * as assert from 'uvu/assert';
import { basic, type Fault, type SeenRequest, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, openClient } from './open-client.js';

const content = Buffer.alloc(200_000, 'layer');
const blob = descriptorOf(content);

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 70_000) yield content.subarray(at, at + 70_000);
}

suite('uploadBlob()', (test) => {
  test('sends the bytes once, with their length, and keeps the query of the upload URL', async () => {
    await withRegistry({}, async (registry) => {
      await openClient(registry).uploadBlob('team/app', blob, pieces);
      assert.ok(registry.blobs.get(`team/app@${blob.digest}`)?.equals(content));
      const patch = registry.requests.find(({ method }) => method === 'PATCH');
      assert.is(patch?.headers['content-length'], String(content.length));
      assert.is(registry.count('PATCH', /./), 1);
    });
  });

  test('starts anew, with fresh bytes, after a broken connection', async () => {
    const faults: Fault[] = [{ kind: 'reset' }, { kind: 'answer', status: 503 }];
    let opened = 0;
    const fault = ({ method }: SeenRequest) => (method === 'PATCH' ? faults.shift() : undefined);
    await withRegistry({ fault }, async (registry) => {
      await openClient(registry).uploadBlob('app', blob, () => {
        opened++;
        return pieces();
      });
      assert.is(opened, 3);
      assert.ok(registry.blobs.has(`app@${blob.digest}`));
    });
  });

  test('starts anew when its token ran out on the way', async () => {
    let revoke = () => {};
    const fault = ({ method }: SeenRequest): undefined => {
      if (method === 'PATCH') revoke();
    };
    await withRegistry({ auth: { kind: 'token' }, fault }, async (registry) => {
      revoke = () => {
        revoke = () => {};
        registry.revokeTokens();
      };
      await openClient(registry).uploadBlob('app', blob, pieces);
      assert.ok(registry.blobs.has(`app@${blob.digest}`));
      assert.is(registry.count('PATCH', /./), 2);
    });
  });

  test('tells a failure of the source as it is', async () => {
    await withRegistry({}, async (registry) => {
      const error = await rejects(
        openClient(registry).uploadBlob('app', blob, () => createReadStream('/nonexistent/layer')),
        { code: 'ENOENT' },
      );
      assert.not.match(error.message, /registry/);
    });
  });

  test('gives up when the registry says that the digest is wrong', async () => {
    const fault = ({ method }: SeenRequest): Fault | undefined =>
      method === 'PUT' ? { kind: 'answer', status: 400, body: '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}' } : undefined;
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).uploadBlob('app', blob, pieces), { code: 'REGISTRY_ERROR', message: /400 DIGEST_INVALID: no/ });
    });
  });

  test('sends no credentials to an upload URL on another host', async () => {
    await withRegistry({}, async (elsewhere) => {
      const fault = ({ method, path, headers }: SeenRequest): Fault | undefined =>
        method === 'POST' && path.includes('/uploads/') && headers.authorization !== undefined
          ? { kind: 'answer', status: 202, headers: { location: `${elsewhere.origin}/v2/app/blobs/uploads/1?state=0` } }
          : undefined;
      await withRegistry({ auth: { kind: 'basic', username: 'u', password: 'p' }, fault }, async (registry) => {
        const credentials = async () => ({ kind: 'password' as const, username: 'u', password: 'p' });
        await rejects(openClient(registry, { credentials }).uploadBlob('app', blob, pieces), { code: 'REGISTRY_ERROR' });
        assert.ok(registry.requests.some(({ headers }) => headers.authorization === basic('u', 'p')));
        assert.ok(elsewhere.requests.length > 0);
        assert.ok(elsewhere.requests.every(({ headers }) => headers.authorization === undefined));
      });
    });
  });

  test('returns the query of the upload URL as it was written', async () => {
    const query = '_state=a%2Fb+c~%20==&sig=(x)%27';
    const fault = ({ method, path }: SeenRequest): Fault | undefined => {
      if (method === 'PUT') return path.endsWith(`/1?${query}&digest=${blob.digest}`) ? { kind: 'answer', status: 201 } : undefined;
      if (method !== 'POST' && method !== 'PATCH') return undefined;
      return { kind: 'answer', status: 202, headers: { location: `/v2/app/blobs/uploads/1?${query}` } };
    };
    await withRegistry({ fault }, async (registry) => openClient(registry).uploadBlob('app', blob, pieces));
  });

  test('refuses an answer without an upload URL', async () => {
    const fault = ({ method }: SeenRequest): Fault | undefined => (method === 'POST' ? { kind: 'answer', status: 202 } : undefined);
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).uploadBlob('app', blob, pieces), { message: /without the Location header/ });
    });
  });
});

suite('hasBlob()', (test) => {
  test('says whether the repository holds it', async () => {
    await withRegistry({}, async (registry) => {
      registry.addBlob('app', content);
      assert.is(await openClient(registry).hasBlob('app', blob), true);
      assert.is(await openClient(registry).hasBlob('other', blob), false);
    });
  });
  test('asks with the token the upload will use', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (registry) => {
      const client = openClient(registry);
      assert.is(await client.hasBlob('app', blob), false);
      await client.uploadBlob('app', blob, pieces);
      assert.is(registry.count('GET', /^\/token/), 1);
    });
  });
  test('an error is not a no', async () => {
    const fault = ({ method }: SeenRequest): Fault | undefined => (method === 'HEAD' ? { kind: 'answer', status: 500 } : undefined);
    await withRegistry({ fault }, async (registry) => rejects(openClient(registry).hasBlob('app', blob), { code: 'REGISTRY_ERROR' }));
  });
});

suite('mountBlob()', (test) => {
  test('makes a blob of another repository known, with a token for both', async () => {
    await withRegistry({ auth: { kind: 'token' } }, async (registry) => {
      registry.addBlob('base', content);
      assert.is(await openClient(registry).mountBlob('app', blob, 'base'), true);
      assert.ok(registry.blobs.has(`app@${blob.digest}`));
      const token = registry.requests.find(({ path }) => path.startsWith('/token'));
      assert.match(decodeURIComponent(token?.path ?? ''), /scope=repository:app:pull,push&scope=repository:base:pull/);
    });
  });
  test('says no and leaves no upload behind', async () => {
    await withRegistry({}, async (registry) => {
      assert.is(await openClient(registry).mountBlob('app', blob, 'base'), false);
      assert.is(registry.openUploads, 0);
    });
  });

  for (const status of [401, 403, 404, 405])
    test(`is false when the registry answers ${status}: the blob is sent then`, async () => {
      const fault = ({ method, path }: SeenRequest): Fault | undefined =>
        method === 'POST' && path.includes('mount=') ? { kind: 'answer', status } : undefined;
      await withRegistry({ fault }, async (registry) => {
        assert.is(await openClient(registry).mountBlob('app', blob, 'base'), false);
      });
    });

  test('fails when the registry fails', async () => {
    const fault = ({ method }: SeenRequest): Fault | undefined => (method === 'POST' ? { kind: 'answer', status: 500 } : undefined);
    await withRegistry({ fault }, async (registry) => {
      await rejects(openClient(registry).mountBlob('app', blob, 'base'), { code: 'REGISTRY_ERROR' });
    });
  });
});
