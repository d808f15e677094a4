import * as assert from 'uvu/assert';
import { annotationTargets, manifestAnnotations } from '../../../../src/operations/build/image-annotations.js';
import { suite } from '../../../support/suite.js';

const base = {
  name: 'example.com/base:1',
  digest: 'sha256:ab',
  annotations: { 'org.example': 'theirs', 'org.opencontainers.image.created': '2020', 'org.opencontainers.image.base.digest': 'older' },
};
const edits = { annotations: {}, unsetAnnotations: [], inheritAnnotations: true };

suite('operations/image-annotations', (test) => {
  const amd64 = { os: 'linux', architecture: 'amd64' };

  test('annotationTargets() tells manifest, index and descriptor, and one platform from another', () => {
    const given = {
      a: '1',
      'manifest:b': '2',
      'index:c': '3',
      'x:y': '4',
      'manifest-descriptor:d': '5',
      'manifest[linux/amd64]:e': '6',
      'manifest[linux/arm64]:f': '7',
      'manifest-descriptor[linux/arm64]:g': '8',
    };
    assert.equal(annotationTargets(given, amd64), {
      manifest: { a: '1', b: '2', 'x:y': '4', e: '6' },
      index: { c: '3' },
      descriptor: { d: '5' },
    });
    const other = annotationTargets(given, { os: 'linux', architecture: 'arm64' });
    assert.equal([other.manifest.f, other.descriptor], ['7', { d: '5', g: '8' }]);
  });

  for (const name of ['index-descriptor:a', 'index[linux/amd64]:a']) {
    test(`annotationTargets() refuses ${name}`, () => {
      assert.throws(() => annotationTargets({ [name]: '1' }, amd64), /--annotation index/);
    });
  }

  test("manifestAnnotations() keeps the base's, but for what was said of the base itself", () => {
    assert.equal(manifestAnnotations(base, edits), {
      'org.example': 'theirs',
      'org.opencontainers.image.base.digest': 'sha256:ab',
      'org.opencontainers.image.base.name': 'example.com/base:1',
    });
  });

  test('manifestAnnotations() without the inherited, without what is unset, with what is given', () => {
    const own = { annotations: { mine: '1' }, unsetAnnotations: ['org.opencontainers.image.base.name'], inheritAnnotations: false };
    assert.equal(manifestAnnotations(base, own), { 'org.opencontainers.image.base.digest': 'sha256:ab', mine: '1' });
    assert.equal(manifestAnnotations(undefined, own), { mine: '1' });
  });
});
