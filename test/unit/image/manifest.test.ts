import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  digestOf,
  MAX_MANIFEST_BYTES,
  ManifestError,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  parseIndex,
  parseManifest,
  parseManifestDocument,
} from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const digest = digestOf('x');
const config = { mediaType: OCI_CONFIG, digest, size: 1 };
const layer = { mediaType: OCI_LAYER_GZIP, digest, size: 1 };
const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const entry = { mediaType: OCI_MANIFEST, digest, size: 1, platform: { os: 'linux', architecture: 'amd64' } };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] };
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const without = (value: object, name: string) => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

suite('parseManifestDocument()', (test) => {
  const kinds: readonly [title: string, value: unknown, declared: string | undefined, mediaType: string][] = [
    ['an OCI manifest', manifest, undefined, OCI_MANIFEST],
    ['an OCI index', index, OCI_INDEX, OCI_INDEX],
    ['a manifest without media type', without(manifest, 'mediaType'), undefined, OCI_MANIFEST],
    ['an index without media type', without(index, 'mediaType'), undefined, OCI_INDEX],
    ['a manifest declared only', without(manifest, 'mediaType'), `${OCI_MANIFEST}; charset=utf-8`, OCI_MANIFEST],
    ['a manifest declared as plain JSON', manifest, 'application/json', OCI_MANIFEST],
    ['a Docker manifest', { ...manifest, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST, DOCKER_MANIFEST],
    [
      'a Docker manifest by its config',
      { schemaVersion: 2, config: { ...config, mediaType: DOCKER_CONFIG }, layers: [] },
      undefined,
      DOCKER_MANIFEST,
    ],
    ['a Docker list', { ...index, mediaType: DOCKER_LIST }, undefined, DOCKER_LIST],
    ['unknown members', { ...manifest, 'x-new': { layers: 1 } }, undefined, OCI_MANIFEST],
    ['null for optional members', { ...manifest, annotations: null, subject: null }, undefined, OCI_MANIFEST],
    ['an empty index', { ...index, manifests: [] }, undefined, OCI_INDEX],
  ];
  for (const [title, value, declaredType, mediaType] of kinds) {
    test(`reads ${title}`, () => assert.is(parseManifestDocument(bytes(value), { declaredType }).mediaType, mediaType));
  }

  const bad: readonly [title: string, value: unknown, declared?: string][] = [
    ['a manifest declared as an index', manifest, OCI_INDEX],
    ['an index declared as a manifest', index, OCI_MANIFEST],
    ['OCI declared as Docker', manifest, DOCKER_MANIFEST],
    ['a manifest with manifests', { ...manifest, manifests: [] }],
    ['a manifest with Manifests', { ...manifest, Manifests: [] }],
    ['a manifest with fsLayers', { ...manifest, fsLayers: [] }],
    ['an index with layers', { ...index, layers: [] }],
    ['an index with CONFIG', { ...index, CONFIG: {} }],
    ['Layers beside layers', { ...manifest, Layers: [] }],
    ['MediaType beside mediaType', { ...manifest, MediaType: OCI_INDEX }],
    ['a member that Go folds to one of ours', { ...without(manifest, 'layers'), 'layer\u017f': [], layers: [] }],
    ['a key twice', '{"schemaVersion":2,"schemaVersion":2}'],
    ['schema 1', { schemaVersion: 1, fsLayers: [], history: [] }],
    ['schema 1 by declaration', manifest, 'application/vnd.docker.distribution.manifest.v1+json'],
    ['schema 3', { ...manifest, schemaVersion: 3 }],
    ['a media type of something else', { ...manifest, mediaType: OCI_CONFIG }],
    ['a media type that is a number', { ...manifest, mediaType: 5 }],
    ['neither config nor manifests', { schemaVersion: 2 }],
    ['no layers', without(manifest, 'layers')],
    ['null layers', { ...manifest, layers: null }],
    ['null in layers', { ...manifest, layers: [null] }],
    ['null manifests', { ...index, manifests: null }],
    ['null in manifests', { ...index, manifests: [null] }],
    ['a string for layers', { ...manifest, layers: 'abc' }],
    ['a config that is a list', { ...manifest, config: [] }],
    ['a digest that is a path', { ...manifest, config: { ...config, digest: 'sha256:../../../../etc/passwd' } }],
    ['an upper-case digest', { ...manifest, config: { ...config, digest: `sha256:${'A'.repeat(64)}` } }],
    ['an unknown algorithm', { ...manifest, layers: [{ ...layer, digest: `md5:${'a'.repeat(32)}` }] }],
    ['a negative size', { ...manifest, layers: [{ ...layer, size: -1 }] }],
    ['a fraction for a size', { ...manifest, layers: [{ ...layer, size: 0.5 }] }],
    ['a size of 2^60', { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }],
    ['a size that is text', { ...manifest, layers: [{ ...layer, size: '1' }] }],
    ['a platform that is text', { ...index, manifests: [{ ...entry, platform: 'linux' }] }],
    ['a platform without architecture', { ...index, manifests: [{ ...entry, platform: { os: 'linux' } }] }],
    ['an annotation that is a number', { ...manifest, annotations: { a: 1 } }],
    ['false data', { ...manifest, config: { ...config, data: 'AAAA' } }],
    ['false data of the right length', { ...manifest, config: { ...config, data: 'eQ==' } }],
    ['a list', []],
    ['null', null],
    ['text', '"text"'],
    ['a number', 5],
  ];
  for (const [title, value, declaredType] of bad) {
    test(`refuses ${title}`, () => rejects(() => parseManifestDocument(bytes(value), { declaredType }), { code: 'MANIFEST_INVALID' }));
  }

  test('accepts data that is true', () => {
    parseManifest(bytes({ ...manifest, config: { ...config, data: Buffer.from('x').toString('base64') } }));
  });
  test('refuses more than 4 MiB', () =>
    rejects(() => parseManifestDocument(Buffer.alloc(MAX_MANIFEST_BYTES + 1, ' ')), { code: 'MANIFEST_INVALID', message: /limit/ }));
  test('accepts null for the platform of an entry', () => {
    assert.is(parseIndex(bytes({ ...index, manifests: [{ ...entry, platform: null }] })).manifests[0]?.platform, undefined);
  });
  test('names the document and the wrong member', async () => {
    const value = { ...manifest, layers: [layer, { ...layer, size: -1 }] };
    await rejects(() => parseManifest(bytes(value), { subject: 'manifest of a/b:1' }), {
      message: /^Cannot accept manifest of a\/b:1: "layers\.1\.size" is wrong: /,
    });
  });
  test('tells schema 1 in words', () =>
    rejects(() => parseManifest(bytes({ schemaVersion: 1 })), { message: /schema 1 .*push the image again/ }));

  test('gives a value or its own error for any change of a document', () => {
    const sample = JSON.stringify(manifest);
    fc.assert(
      fc.property(fc.nat(sample.length), fc.nat(20), fc.string(), (at, length, text) => {
        try {
          parseManifestDocument(bytes(sample.slice(0, at) + text + sample.slice(at + length)));
        } catch (error) {
          assert.instance(error, ManifestError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parseManifestDocument(bytes(text));
        } catch (error) {
          assert.instance(error, ManifestError);
        }
      }),
    );
  });
});

suite('parseManifest() and parseIndex()', (test) => {
  test('refuse the other kind', async () => {
    await rejects(() => parseManifest(bytes(index)), { code: 'MANIFEST_INVALID', message: /is an index/ });
    await rejects(() => parseIndex(bytes(manifest)), { code: 'MANIFEST_INVALID', message: /not an index/ });
  });
});
