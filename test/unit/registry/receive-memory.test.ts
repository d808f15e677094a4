import { createHash, randomBytes } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Descriptor } from '../../../src/image/index.js';
import { giveBack, type Registry } from '../../../src/registry/index.js';
import { sha256, withRegistry } from '../../support/registry.js';
import { suite } from '../../support/suite.js';
import { descriptorOf, openClient, readAll } from './open-client.js';
import { withCertificates } from './with-certificates.js';

const MIB = 2 ** 20;
const SLAB_BYTES = 512 * 1024;
const content = randomBytes(16 * MIB);

interface Seen {
  readonly digest: string;
  /** In how many places the bytes lay. */
  readonly places: number;
  readonly placeBytes: ReadonlySet<number>;
}

async function readGivingBack(client: Registry, blob: Descriptor): Promise<Seen> {
  const hash = createHash('sha256');
  const places = new Set<ArrayBufferLike>();
  for await (const piece of client.fetchBlob('app', blob)) {
    places.add(piece.buffer);
    hash.update(piece);
    giveBack(piece);
  }
  return { digest: `sha256:${hash.digest('hex')}`, places: places.size, placeBytes: new Set([...places].map((place) => place.byteLength)) };
}

suite('giveBack()', (test) => {
  test('bytes of a download that gives back are received where earlier ones lay', async () => {
    await withRegistry({}, async (registry) => {
      registry.addBlob('app', content);
      const { digest, places } = await readGivingBack(openClient(registry), descriptorOf(content));
      assert.is(digest, sha256(content));
      assert.ok(places <= content.length / SLAB_BYTES / 2, `${places} places`);
    });
  });

  test('the same over TLS', async () => {
    await withCertificates(({ ca, server }) =>
      withRegistry({ tls: server }, async (registry) => {
        registry.addBlob('app', content);
        const { digest, places, placeBytes } = await readGivingBack(
          openClient(registry, { insecure: false, ca: [ca] }),
          descriptorOf(content),
        );
        assert.is(digest, sha256(content));
        assert.equal([...placeBytes], [SLAB_BYTES]);
        assert.ok(places <= content.length / SLAB_BYTES / 2, `${places} places`);
      }),
    );
  });

  test('downloads that go on beside each other keep apart, whether they give back or keep what they got', async () => {
    await withRegistry({}, async (registry) => {
      const blobs = Array.from({ length: 6 }, (_, at) => content.subarray(at * 1000, content.length - at * 77_777));
      for (const blob of blobs) registry.addBlob('app', blob);
      const client = openClient(registry);
      const works = blobs.map(async (blob, at) => {
        // fetchBlob() hashes a piece before it is handed on; what is kept has to be the same at the end.
        if (at % 2 === 0) return (await readGivingBack(client, descriptorOf(blob))).digest;
        return sha256(await readAll(client.fetchBlob('app', descriptorOf(blob))));
      });
      assert.equal(
        await Promise.all(works),
        blobs.map((blob) => sha256(blob)),
      );
    });
  });

  test('lets bytes from elsewhere pass', () => {
    giveBack(Buffer.from('elsewhere'));
  });
});
