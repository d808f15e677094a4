import * as assert from 'uvu/assert';
import {
  type Compression,
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LAYER_GZIP,
  type ImageFormat,
  isForeignLayer,
  isIndexType,
  isManifestType,
  layerCompression,
  layerMediaType,
  OCI_INDEX,
  OCI_LAYER,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const types: readonly [Compression, ImageFormat, string][] = [
  ['none', 'oci', OCI_LAYER],
  ['gzip', 'oci', OCI_LAYER_GZIP],
  ['zstd', 'oci', OCI_LAYER_ZSTD],
  ['none', 'docker', DOCKER_LAYER],
  ['gzip', 'docker', DOCKER_LAYER_GZIP],
];

suite('media types', (test) => {
  for (const [compression, format, mediaType] of types) {
    test(`${compression} in ${format} is ${mediaType}, and back`, () => {
      assert.is(layerMediaType(compression, format), mediaType);
      assert.is(layerCompression(mediaType), compression);
      assert.is(isForeignLayer(mediaType), false);
    });
  }
  test('zstd is not written in docker format, but read', async () => {
    await rejects(() => layerMediaType('zstd', 'docker'), { code: 'UNSUPPORTED' });
    assert.is(layerCompression('application/vnd.docker.image.rootfs.diff.tar.zstd'), 'zstd');
  });
  test('foreign layers are known', () => {
    for (const foreign of [
      'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    ]) {
      assert.is(isForeignLayer(foreign), true);
      assert.is(layerCompression(foreign), 'gzip');
    }
  });
  test('what is no layer has no compression', () => assert.is(layerCompression(DOCKER_CONFIG), undefined));
  test('manifests and indexes are told apart', () => {
    assert.equal(
      [isManifestType(OCI_MANIFEST), isManifestType(OCI_INDEX), isIndexType(OCI_INDEX), isIndexType(OCI_MANIFEST)],
      [true, false, true, false],
    );
  });
});
