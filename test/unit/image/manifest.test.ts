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

const config = { mediaType: OCI_CONFIG, digest: digestOf('config'), size: 6 };
const layer = { mediaType: OCI_LAYER_GZIP, digest: digestOf('layer'), size: 5 };
const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const entry = { mediaType: OCI_MANIFEST, digest: digestOf('manifest'), size: 8, platform: { os: 'linux', architecture: 'amd64' } };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] };

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

function without<T extends object>(value: T, ...names: (keyof T)[]): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name as keyof T))) as Partial<T>;
}

const text = JSON.stringify(manifest);
const withMember = (member: string): string => `${text.slice(0, -1)},${member}}`;

suite('image/manifest', (test) => {
  for (const [title, value, declaredType, kind, mediaType] of [
    ['a manifest', manifest, OCI_MANIFEST, 'manifest', OCI_MANIFEST],
    ['an index', index, OCI_INDEX, 'index', OCI_INDEX],
    ['a declared type with parameters', manifest, `${OCI_MANIFEST}; charset=utf-8`, 'manifest', OCI_MANIFEST],
    ['a declared type that says nothing', manifest, 'application/json', 'manifest', OCI_MANIFEST],
    ['no type inside', without(manifest, 'mediaType'), OCI_MANIFEST, 'manifest', OCI_MANIFEST],
    ['no type at all, manifest', without(manifest, 'mediaType'), undefined, 'manifest', OCI_MANIFEST],
    ['no type at all, index', without(index, 'mediaType'), undefined, 'index', OCI_INDEX],
    [
      "no type at all, Docker's config",
      { ...without(manifest, 'mediaType'), config: { ...config, mediaType: DOCKER_CONFIG } },
      undefined,
      'manifest',
      DOCKER_MANIFEST,
    ],
    ["Docker's list", { ...index, mediaType: DOCKER_LIST }, DOCKER_LIST, 'index', DOCKER_LIST],
    ['null for an absent member', { ...manifest, annotations: null, subject: null }, undefined, 'manifest', OCI_MANIFEST],
    ['members nobody knows', { ...manifest, 'x-future': { a: 1 } }, undefined, 'manifest', OCI_MANIFEST],
    ['no layers', { ...manifest, layers: [] }, undefined, 'manifest', OCI_MANIFEST],
  ] as const) {
    test(`parseManifestDocument() reads ${title}`, () => {
      const document = parseManifestDocument(bytesOf(value), { declaredType });
      assert.is(document.kind, kind);
      assert.is(document.mediaType, mediaType);
    });
  }

  test('parseManifest() gives config and layers as they are written', () => {
    const found = parseManifest(bytesOf(manifest));
    assert.equal(found.config, config);
    assert.equal(found.layers, [layer]);
  });

  test('parseManifest() accepts data that has the digest and size of its descriptor', () => {
    const data = Buffer.from('config').toString('base64');
    assert.ok(parseManifest(bytesOf({ ...manifest, config: { ...config, data } })));
  });

  for (const [title, value, declaredType, message] of [
    ['an index with layers', { ...index, layers: [] }, OCI_INDEX, /ambiguous: "layers" belongs to another kind/],
    ['an index with a config', { ...index, config }, OCI_INDEX, /ambiguous: "config"/],
    ['a manifest with manifests', { ...manifest, manifests: [] }, OCI_MANIFEST, /ambiguous: "manifests"/],
    ['a manifest with members of schema 1', { ...manifest, fsLayers: [] }, OCI_MANIFEST, /ambiguous: "fsLayers"/],
    ['another kind in another case', withMember('"Manifests":[]'), OCI_MANIFEST, /ambiguous: "Manifests"/],
    ['a member in two cases', withMember('"Layers":[]'), OCI_MANIFEST, /"Layers" differs from "layers" in case only/],
    ["a member as Go's case folding reads it", withMember('"layer\u017f":[]'), OCI_MANIFEST, /in case only/],
    ['a key twice', withMember(`"layers":[]`), OCI_MANIFEST, /the key "layers" occurs twice/],
    ['a key twice, once escaped', withMember('"l\\u0061yers":[]'), OCI_MANIFEST, /the key "layers" occurs twice/],
    ['a key twice further in', text.replace('"size":6', '"size":6,"size":7'), OCI_MANIFEST, /the key "size" occurs twice/],
    [
      'a digest in two cases',
      text.replace('"size":6', '"size":6,"Digest":"sha256:00"'),
      OCI_MANIFEST,
      /is wrong: a member differs from a known one in case/,
    ],
    ['another type than declared', manifest, OCI_INDEX, /is declared as .*index.* and calls itself .*manifest/],
    ['a type that is no manifest', { ...manifest, mediaType: OCI_CONFIG }, undefined, /is not that of an image manifest or index/],
    ['schema 1 by its version', { schemaVersion: 1, fsLayers: [], history: [] }, undefined, /schema 1/],
    ['schema 1 by its type', manifest, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /schema 1/],
    ['another schema version', { ...manifest, schemaVersion: 3 }, undefined, /"schemaVersion" is wrong/],
    ['a manifest without layers', without(manifest, 'layers'), undefined, /"layers" is wrong/],
    ['neither config nor manifests', { schemaVersion: 2 }, undefined, /neither "config" nor "manifests"/],
    ['a digest that is a path', { ...manifest, config: { ...config, digest: 'sha256:../../etc/passwd' } }, undefined, /"config.digest"/],
    ['a digest of upper case', { ...manifest, config: { ...config, digest: config.digest.toUpperCase() } }, undefined, /config.digest/],
    ['a size below zero', { ...manifest, layers: [{ ...layer, size: -1 }] }, undefined, /"layers.0.size"/],
    ['a size that is no integer', { ...manifest, layers: [{ ...layer, size: 1.5 }] }, undefined, /"layers.0.size"/],
    ['a size beyond 2^53', { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }, undefined, /"layers.0.size"/],
    ['data of another digest', { ...manifest, config: { ...config, data: 'a29uZmln' } }, undefined, /"data" does not have the digest/],
    ['data of another size', { ...manifest, config: { ...config, data: 'Y29uZmlnMQ==' } }, undefined, /"data" does not have/],
    ['a platform that is a text', { ...index, manifests: [{ ...entry, platform: 'linux/amd64' }] }, undefined, /"manifests.0.platform"/],
    ['a platform without os', { ...index, manifests: [{ ...entry, platform: { architecture: 'amd64' } }] }, undefined, /platform.os/],
    ['a list', [manifest], undefined, /not a JSON object/],
    ['null', null, undefined, /not a JSON object/],
    ['null layers', { ...manifest, layers: null }, undefined, /"layers" is wrong/],
    ['null in layers', { ...manifest, layers: [null] }, undefined, /"layers.0" is wrong/],
    ['null for a config', { ...manifest, config: null }, undefined, /"config" is wrong/],
    ['null manifests', { ...index, manifests: null }, undefined, /"manifests" is wrong/],
    ['null in manifests', { ...index, manifests: [null] }, undefined, /"manifests.0" is wrong/],
    ['a text for layers', { ...manifest, layers: 'abc' }, undefined, /"layers" is wrong/],
    ['a config that is a list', { ...manifest, config: [] }, undefined, /"config/],
    ['a size that is a text', { ...manifest, layers: [{ ...layer, size: '1' }] }, undefined, /"layers.0.size"/],
    ['a digest of an unknown algorithm', { ...manifest, layers: [{ ...layer, digest: 'md5:00' }] }, undefined, /"layers.0.digest"/],
    ['an annotation that is a number', { ...manifest, annotations: { a: 1 } }, undefined, /"annotations.a"/],
    ['a media type that is a number', { ...manifest, mediaType: 5 }, undefined, /"mediaType"/],
    ['Manifests in a manifest', { ...manifest, Manifests: [] }, undefined, /"Manifests" belongs to another kind/],
    ['CONFIG in an index', { ...index, CONFIG: {} }, undefined, /"CONFIG" belongs to another kind/],
    ['a member that Go takes for layers', withMember('"layer\u017f":[]'), undefined, /differs from "layers" in case only/],
    ['half of a manifest', text.slice(0, -20), undefined, /not valid JSON/],
    ['nothing', '', undefined, /not valid JSON/],
    ['HTML', '<html></html>', undefined, /not valid JSON/],
    ['a byte order mark', `\ufeff${text}`, undefined, /not valid JSON/],
    ['deep nesting', withMember(`"x":${'['.repeat(100)}${']'.repeat(100)}`), undefined, /nested more than 64 levels/],
  ] as const) {
    test(`parseManifestDocument() refuses ${title}`, async () => {
      await rejects(() => parseManifestDocument(bytesOf(value), { declaredType }), { code: 'MANIFEST_INVALID', message });
    });
  }

  test('parseManifestDocument() refuses what is not UTF-8', async () => {
    const bytes = Buffer.concat([bytesOf(text.slice(0, -1)), Buffer.from(',"a":"\xff"}', 'latin1')]);
    await rejects(() => parseManifestDocument(bytes), { code: 'MANIFEST_INVALID', message: /UTF-8/ });
  });

  test('parseManifestDocument() refuses more than 4 MiB', async () => {
    const bytes = Buffer.concat([bytesOf(manifest), Buffer.alloc(MAX_MANIFEST_BYTES, ' ')]);
    await rejects(() => parseManifestDocument(bytes), { code: 'MANIFEST_INVALID', message: /the limit is 4194304/ });
  });

  test('parseManifest() refuses an index, parseIndex() a manifest', async () => {
    await rejects(() => parseManifest(bytesOf(index)), { code: 'MANIFEST_INVALID', message: /it is an index/ });
    await rejects(() => parseIndex(bytesOf(manifest)), { code: 'MANIFEST_INVALID', message: /it is an image manifest/ });
  });

  test('parseIndex() takes null for an absent platform', () => {
    assert.is(parseIndex(bytesOf({ ...index, manifests: [{ ...entry, platform: null }] })).manifests[0]?.platform, undefined);
  });

  test('parseManifestDocument() gives a value or its own error, whatever is changed in a manifest', () => {
    const readsOrRefuses = (changed: string): void => {
      try {
        parseManifestDocument(bytesOf(changed));
      } catch (error) {
        assert.instance(error, ManifestError);
      }
    };
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(20), fc.string(), (at, length, put) =>
        readsOrRefuses(text.slice(0, at) + put + text.slice(at + length)),
      ),
    );
    fc.assert(fc.property(fc.json(), readsOrRefuses));
  });

  test('an error names the document', async () => {
    await rejects(() => parseManifest(bytesOf('[]'), { subject: 'manifest of quay.io/a' }), {
      message: /^Cannot accept manifest of quay\.io\/a: /,
    });
  });
});
