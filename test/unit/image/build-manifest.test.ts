import * as assert from 'uvu/assert';
import {
  buildIndex,
  buildManifest,
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  digestOf,
  encodeJson,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  parseIndex,
  parseManifest,
} from '../../../src/image/index.js';
import { suite } from '../../support/suite.js';

const config = { mediaType: OCI_CONFIG, digest: digestOf('config'), size: 6 };
const layer = { mediaType: OCI_LAYER_GZIP, digest: digestOf('layer'), size: 5 };

suite('image/build-manifest', (test) => {
  test('buildManifest() has these bytes and no others', () => {
    assert.is(
      Buffer.from(encodeJson(buildManifest(config, [layer], 'oci', { b: '2', a: '1' }))).toString(),
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"${OCI_CONFIG}","digest":"${config.digest}","size":6},` +
        `"layers":[{"mediaType":"${OCI_LAYER_GZIP}","digest":"${layer.digest}","size":5}],"annotations":{"a":"1","b":"2"}}`,
    );
  });

  test('buildManifest() writes one form whatever the order of the fields given', () => {
    const mixed = { size: 6, digest: config.digest, mediaType: OCI_CONFIG };
    const one = encodeJson(buildManifest(config, [layer], 'oci', { b: '2', a: '1' }));
    const other = encodeJson(buildManifest(mixed, [layer], 'oci', { a: '1', b: '2' }));
    assert.is(Buffer.from(one).toString(), Buffer.from(other).toString());
    assert.match(
      Buffer.from(one).toString(),
      /^\{"schemaVersion":2,"mediaType":"[^"]*","config":\{"mediaType":.*"annotations":\{"a":"1","b":"2"\}\}$/,
    );
  });

  test("buildManifest() leaves annotations out of Docker's format", () => {
    const manifest = buildManifest({ ...config, mediaType: DOCKER_CONFIG }, [], 'docker', { a: '1' });
    assert.is(manifest.mediaType, DOCKER_MANIFEST);
    assert.is(manifest.annotations, undefined);
  });

  test('what is built is accepted when read', () => {
    const manifest = buildManifest(config, [layer], 'oci', { a: '1' });
    assert.equal(parseManifest(encodeJson(manifest), { declaredType: OCI_MANIFEST }), manifest);
    const entry = { mediaType: OCI_MANIFEST, digest: digestOf('m'), size: 1, platform: { os: 'linux', architecture: 'amd64' } };
    for (const [format, mediaType] of [
      ['oci', OCI_INDEX],
      ['docker', DOCKER_LIST],
    ] as const) {
      const index = buildIndex([entry], format);
      assert.equal(parseIndex(encodeJson(index), { declaredType: mediaType }), index);
    }
  });
});
