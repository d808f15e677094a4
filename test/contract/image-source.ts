import * as assert from 'uvu/assert';
import { digestOf, parseManifest, verify } from '../../src/image/index.js';
import type { ImageSource } from '../../src/transports/index.js';
import { suite } from '../support/suite.js';

/**
 * What every image source must do. `withSource` gives the body a source of an image whose config's digest is `imageId` and whose layers
 * uncompressed have the digests `diffIds`.
 */
export function imageSourceContract(
  name: string,
  withSource: (body: (source: ImageSource, image: { imageId: string; diffIds: readonly string[] }) => Promise<void>) => Promise<void>,
): void {
  suite(name, (test) => {
    test('readManifest() gives bytes of the digest it names, every time', () =>
      withSource(async (source) => {
        const raw = await source.readManifest(undefined);
        assert.is(digestOf(raw.bytes), raw.digest);
        const again = await source.readManifest(raw.digest);
        assert.equal(Buffer.from(again.bytes), Buffer.from(raw.bytes));
      }));

    test('config and layers are what their descriptors say', () =>
      withSource(async (source, { imageId, diffIds }) => {
        const raw = await source.readManifest(undefined);
        const { config, layers } = parseManifest(raw.bytes, { declaredType: raw.mediaType === '' ? undefined : raw.mediaType });
        assert.is(config.digest, `sha256:${imageId}`);
        assert.is(layers.length, diffIds.length);
        for (const blob of [config, ...layers]) {
          for await (const _ of verify(source.openBlob(blob), blob, source.description));
        }
      }));

    test('a blob that is not there fails', () =>
      withSource(async (source) => {
        const absent = { mediaType: 'application/octet-stream', digest: digestOf('absent'), size: 6 };
        let failed = false;
        try {
          for await (const _ of source.openBlob(absent));
        } catch {
          failed = true;
        }
        assert.ok(failed);
      }));
  });
}
