import * as assert from 'uvu/assert';
import {
  buildIndex,
  buildManifest,
  convertManifest,
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  digestOf,
  encodeJson,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
  parseIndex,
  parseManifest,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const digest = digestOf('x');
const config = { mediaType: OCI_CONFIG, digest, size: 1 };
const layer = { size: 1, digest, mediaType: OCI_LAYER_GZIP };

suite('buildManifest()', (test) => {
  test('has one encoding', () => {
    const manifest = buildManifest(config, [layer], 'oci', { b: '2', a: '1' });
    assert.is(
      Buffer.from(encodeJson(manifest)).toString(),
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"${OCI_CONFIG}","digest":"${digest}","size":1},` +
        `"layers":[{"mediaType":"${OCI_LAYER_GZIP}","digest":"${digest}","size":1}],"annotations":{"a":"1","b":"2"}}`,
    );
  });
  test('is accepted by the reader', () => assert.is(parseManifest(encodeJson(buildManifest(config, [layer], 'oci'))).layers.length, 1));
  test('has no annotations in Docker format', () => {
    const manifest = buildManifest({ ...config, mediaType: DOCKER_CONFIG }, [], 'docker', { a: '1' });
    assert.is(manifest.mediaType, DOCKER_MANIFEST);
    assert.is(manifest.annotations, undefined);
  });
});

suite('convertManifest()', (test) => {
  test('changes media types only, there and back', () => {
    const oci = buildManifest(config, [layer], 'oci');
    const docker = convertManifest(oci, 'docker');
    assert.is(docker.mediaType, DOCKER_MANIFEST);
    assert.is(docker.config.mediaType, DOCKER_CONFIG);
    assert.is(docker.layers[0]?.mediaType, DOCKER_LAYER_GZIP);
    assert.is(docker.layers[0]?.digest, digest);
    assert.equal(convertManifest(docker, 'oci'), oci);
  });
  test('refuses zstd in Docker format', () => {
    const manifest = buildManifest(config, [{ ...layer, mediaType: OCI_LAYER_ZSTD }], 'oci');
    return rejects(() => convertManifest(manifest, 'docker'), { code: 'UNSUPPORTED', message: /zstd/ });
  });
});

suite('buildIndex()', (test) => {
  test('is accepted by the reader', () => {
    const entry = { mediaType: OCI_MANIFEST, digest, size: 1, platform: { os: 'linux', architecture: 'amd64' } };
    assert.equal(parseIndex(encodeJson(buildIndex([entry]))).manifests, [entry]);
    assert.equal(parseIndex(encodeJson(buildIndex([], 'docker'))).manifests, []);
  });
});
