import * as assert from 'uvu/assert';
import type { Descriptor } from '../../../src/image/index.js';
import type { Fault, SeenRequest } from '../../support/registry.js';
import { sha256, withRegistry } from '../../support/registry.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, openClient, readAll } from './open-client.js';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const isBlob = ({ method, path }: SeenRequest) => method === 'GET' && path.includes('/blobs/');

/** The first requests for a blob go wrong in these ways. */
function blobFaults(...faults: readonly Fault[]): (request: SeenRequest) => Fault | undefined {
  const left = [...faults];
  return (request) => (isBlob(request) ? left.shift() : undefined);
}

suite('fetchBlob()', (test) => {
  test('gives the bytes', async () => {
    await withRegistry({}, async (registry) => {
      registry.addBlob('app', content);
      assert.ok((await readAll(openClient(registry).fetchBlob('app', descriptorOf(content)))).equals(content));
    });
  });

  const lies: readonly [title: string, body: Buffer, code: string][] = [
    ['other bytes of the same length', Buffer.alloc(content.length), 'DIGEST_MISMATCH'],
    ['a flipped bit', Buffer.concat([content.subarray(0, -1), Buffer.from([0])]), 'DIGEST_MISMATCH'],
    ['fewer bytes', content.subarray(0, -1), 'SIZE_MISMATCH'],
    ['no bytes', Buffer.alloc(0), 'SIZE_MISMATCH'],
    ['more bytes', Buffer.concat([content, Buffer.from('x')]), 'SIZE_MISMATCH'],
  ];
  for (const [title, body, code] of lies) {
    test(`refuses ${title}`, async () => {
      await withRegistry({ fault: blobFaults({ kind: 'answer', status: 200, body }) }, async (registry) => {
        const error = await rejects(readAll(openClient(registry).fetchBlob('app', descriptorOf(content))), { code });
        assert.match(error.message, new RegExp(`${registry.host}/app`));
      });
    });
  }

  test('stops at the first byte too many of a blob without end', async () => {
    await withRegistry({ fault: blobFaults({ kind: 'endless' }) }, async (registry) => {
      registry.addBlob('app', content);
      await rejects(readAll(openClient(registry).fetchBlob('app', descriptorOf(content))), { code: 'SIZE_MISMATCH' });
    });
  });

  test('allocates nothing by an announced size of 2^53 - 1 bytes', async () => {
    await withRegistry({}, async (registry) => {
      registry.addBlob('app', content);
      const huge = { ...descriptorOf(content), size: Number.MAX_SAFE_INTEGER };
      await rejects(readAll(openClient(registry).fetchBlob('app', huge)), { code: 'SIZE_MISMATCH' });
    });
  });

  for (const ignoreRanges of [false, true]) {
    test(`goes on where a transfer broke${ignoreRanges ? ', with a server that ignores ranges' : ''}`, async () => {
      await withRegistry({ ignoreRanges, fault: blobFaults({ kind: 'break', bytes: 100_000 }) }, async (registry) => {
        registry.addBlob('app', content);
        assert.ok((await readAll(openClient(registry).fetchBlob('app', descriptorOf(content)))).equals(content));
        assert.is(registry.requests.at(-1)?.headers.range, 'bytes=100000-');
      });
    });
  }

  test('gives up when breaks bring no progress', async () => {
    const broken: Fault = { kind: 'break', bytes: 10 };
    await withRegistry({ fault: blobFaults(broken, broken, broken, broken, broken) }, async (registry) => {
      registry.addBlob('app', content);
      await rejects(readAll(openClient(registry).fetchBlob('app', descriptorOf(content))), {
        code: 'REGISTRY_ERROR',
        message: /blob sha256/,
      });
      assert.is(registry.count('GET', /blobs/), 2);
    });
  });

  test('refuses a range it did not ask for', async () => {
    const wrong: Fault = { kind: 'answer', status: 206, headers: { 'content-range': 'bytes 5-9/10' }, body: 'xxxxx' };
    await withRegistry({ fault: blobFaults({ kind: 'break', bytes: 10 }, wrong) }, async (registry) => {
      registry.addBlob('app', content);
      await rejects(readAll(openClient(registry).fetchBlob('app', descriptorOf(content))), { message: /bytes 5-9\/10/ });
    });
  });

  test('detects changed content after a resumption', async () => {
    const rest: Fault = {
      kind: 'answer',
      status: 206,
      headers: { 'content-range': `bytes 10-${content.length - 1}/${content.length}` },
      body: Buffer.alloc(content.length - 10),
    };
    await withRegistry({ fault: blobFaults({ kind: 'break', bytes: 10 }, rest) }, async (registry) => {
      registry.addBlob('app', content);
      await rejects(readAll(openClient(registry).fetchBlob('app', descriptorOf(content))), { code: 'DIGEST_MISMATCH' });
    });
  });

  test('never follows the urls of a descriptor', async () => {
    await withRegistry({}, async (elsewhere) => {
      await withRegistry({}, async (registry) => {
        elsewhere.addBlob('app', content);
        const urls = [`${elsewhere.origin}/v2/app/blobs/${sha256(content)}`];
        await rejects(readAll(openClient(registry).fetchBlob('app', { ...descriptorOf(content), urls })), { code: 'REGISTRY_ERROR' });
        assert.is(elsewhere.requests.length, 0);
      });
    });
  });

  test('sends nothing for a digest that is none', async () => {
    await withRegistry({}, async (registry) => {
      for (const digest of ['sha256:../../../../etc/passwd', '../x', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(64)}?x`]) {
        const blob = { ...descriptorOf(content), digest: digest as Descriptor['digest'] };
        await rejects(() => readAll(openClient(registry).fetchBlob('app', blob)), { code: 'MANIFEST_INVALID' });
      }
      assert.is(registry.requests.length, 0);
    });
  });

  test('is aborted in the middle', async () => {
    const controller = new AbortController();
    await withRegistry({ fault: blobFaults({ kind: 'endless' }) }, async (registry) => {
      registry.addBlob('app', content);
      const huge = { ...descriptorOf(content), size: Number.MAX_SAFE_INTEGER };
      const reading = (async () => {
        for await (const chunk of openClient(registry).fetchBlob('app', huge, { signal: controller.signal })) {
          if (chunk.length > 0) controller.abort(new Error('enough'));
        }
      })();
      await rejects(reading, { message: /enough/ });
    });
  });

  test('a reader that stops early frees the connection', async () => {
    await withRegistry({ fault: blobFaults({ kind: 'endless' }) }, async (registry) => {
      registry.addBlob('app', content);
      const client = openClient(registry);
      for await (const _ of client.fetchBlob('app', { ...descriptorOf(content), size: 2 ** 40 })) break;
      assert.ok((await readAll(client.fetchBlob('app', descriptorOf(content)))).equals(content));
    });
  });
});
