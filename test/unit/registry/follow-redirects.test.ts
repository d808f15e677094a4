import * as assert from 'uvu/assert';
import { resolveLocation } from '../../../src/registry/follow-redirects.js';
import { basic, type Fault, type SeenRequest, sha256, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, openClient, readAll } from './open-client.js';

const content = Buffer.from('content');
const auth = { kind: 'basic', username: 'u', password: 'p' } as const;
const credentials = async () => ({ kind: 'password' as const, username: 'u', password: 'p' });

function redirectBlobs(location: () => string): (request: SeenRequest) => Fault | undefined {
  return ({ path, headers }) =>
    path.startsWith('/v2/app/blobs/') && headers.authorization !== undefined
      ? { kind: 'answer', status: 307, headers: { location: location() } }
      : undefined;
}

suite('redirects', (test) => {
  test('to another host are followed without Authorization', async () => {
    await withRegistry({}, async (storage) => {
      storage.addBlob('cdn', content);
      const fault = redirectBlobs(() => `${storage.origin}/v2/cdn/blobs/${sha256(content)}`);
      await withRegistry({ auth, fault }, async (registry) => {
        assert.ok((await readAll(openClient(registry, { credentials }).fetchBlob('app', descriptorOf(content)))).equals(content));
        assert.is(storage.requests.length, 1);
        assert.is(storage.requests[0]?.headers.authorization, undefined);
        assert.is(storage.requests[0]?.headers.cookie, undefined);
      });
    });
  });

  test('on the same host keep it', async () => {
    await withRegistry({ auth, fault: redirectBlobs(() => `/v2/other/blobs/${sha256(content)}`) }, async (registry) => {
      registry.addBlob('other', content);
      await readAll(openClient(registry, { credentials }).fetchBlob('app', descriptorOf(content)));
      assert.is(registry.requests.at(-1)?.headers.authorization, basic('u', 'p'));
    });
  });

  test('keep the range of a resumed transfer', async () => {
    let broken = false;
    const breaking = ({ path }: SeenRequest): Fault | undefined => {
      if (!path.includes('/blobs/') || broken) return undefined;
      broken = true;
      return { kind: 'break', bytes: 3 };
    };
    await withRegistry({ fault: breaking }, async (storage) => {
      storage.addBlob('cdn', content);
      await withRegistry({ auth, fault: redirectBlobs(() => `${storage.origin}/v2/cdn/blobs/${sha256(content)}`) }, async (registry) => {
        await readAll(openClient(registry, { credentials }).fetchBlob('app', descriptorOf(content)));
        assert.is(storage.requests.at(-1)?.headers.range, 'bytes=3-');
      });
    });
  });

  test('without end are ended', async () => {
    await withRegistry({ auth, fault: redirectBlobs(() => `/v2/app/blobs/${sha256('x')}`) }, async (registry) => {
      await rejects(readAll(openClient(registry, { credentials }).fetchBlob('app', descriptorOf(content))), {
        message: /more than 5 times/,
      });
      assert.is(registry.count('GET', /app\/blobs/), 6);
    });
  });

  test('of an upload are refused', async () => {
    const fault = ({ method }: SeenRequest): Fault | undefined =>
      method === 'POST' ? { kind: 'answer', status: 307, headers: { location: '/elsewhere' } } : undefined;
    await withRegistry({ fault }, async (registry) => {
      const uploading = openClient(registry).uploadBlob('app', descriptorOf(content), async function* () {
        yield content;
      });
      await rejects(uploading, { message: /redirects a POST request/ });
    });
  });

  test('a refusal by the redirect target is not answered with credentials', async () => {
    await withRegistry({ auth }, async (storage) => {
      await withRegistry({ auth, fault: redirectBlobs(() => `${storage.origin}/v2/cdn/blobs/x`) }, async (registry) => {
        await rejects(readAll(openClient(registry, { credentials }).fetchBlob('app', descriptorOf(content))), { code: 'REGISTRY_ERROR' });
        assert.is(storage.requests.length, 1);
        assert.is(storage.requests[0]?.headers.authorization, undefined);
      });
    });
  });
});

suite('resolveLocation()', (test) => {
  const from = new URL('https://r.example/v2/a/');
  const refused = [undefined, 'http://r.example/x', 'file:///etc/passwd', 'data:,x', 'https://', 'ftp://r.example/x'];
  for (const location of refused) {
    test(`refuses ${location}`, () => rejects(() => resolveLocation(from, location, 'read a'), { code: 'REGISTRY_ERROR' }));
  }
  const resolved: readonly [string, string][] = [
    ['/v2/b?x=1', 'https://r.example/v2/b?x=1'],
    ['b', 'https://r.example/v2/a/b'],
    ['https://user:secret@cdn.example/b', 'https://cdn.example/b'],
    ['//cdn.example/b', 'https://cdn.example/b'],
  ];
  for (const [location, expected] of resolved) {
    test(`resolves ${location}`, () => assert.is(resolveLocation(from, location, 'read a').href, expected));
  }
});
