import * as assert from 'uvu/assert';
import {
  type Compression,
  type DiffId,
  DOCKER_MANIFEST,
  digestOf,
  type ImageFormat,
  layerMediaType,
  OCI_MANIFEST,
} from '../../../src/image/index.js';
import { type CopyWishes, planCopy } from '../../../src/transports/copy-plan.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const BOTH = ['oci', 'docker'] as const;

interface Case {
  readonly source: ImageFormat;
  readonly layer: Compression;
  readonly formats: readonly ImageFormat[];
  readonly layers: 'preserve' | 'compress' | 'decompress';
  readonly wishes?: CopyWishes;
  /** Expected: format and compression, and whether the manifest's bytes stay. */
  readonly gives: readonly [ImageFormat, Compression, 'same' | 'changed'];
}

const CASES: readonly Case[] = [
  { source: 'oci', layer: 'zstd', formats: BOTH, layers: 'compress', gives: ['oci', 'zstd', 'same'] },
  { source: 'docker', layer: 'gzip', formats: BOTH, layers: 'compress', gives: ['docker', 'gzip', 'same'] },
  { source: 'docker', layer: 'none', formats: BOTH, layers: 'preserve', gives: ['docker', 'none', 'same'] },
  { source: 'docker', layer: 'none', formats: BOTH, layers: 'compress', gives: ['docker', 'gzip', 'changed'] },
  {
    source: 'oci',
    layer: 'none',
    formats: ['oci'],
    layers: 'compress',
    wishes: { compression: 'zstd' },
    gives: ['oci', 'zstd', 'changed'],
  },
  { source: 'docker', layer: 'gzip', formats: ['oci'], layers: 'compress', gives: ['oci', 'gzip', 'changed'] },
  { source: 'oci', layer: 'gzip', formats: BOTH, layers: 'compress', wishes: { format: 'docker' }, gives: ['docker', 'gzip', 'changed'] },
  { source: 'oci', layer: 'zstd', formats: BOTH, layers: 'compress', wishes: { format: 'docker' }, gives: ['docker', 'gzip', 'changed'] },
  { source: 'oci', layer: 'zstd', formats: ['docker'], layers: 'decompress', gives: ['docker', 'none', 'changed'] },
  { source: 'docker', layer: 'none', formats: ['docker'], layers: 'decompress', gives: ['docker', 'none', 'same'] },
  { source: 'oci', layer: 'gzip', formats: BOTH, layers: 'compress', wishes: { compression: 'zstd' }, gives: ['oci', 'gzip', 'same'] },
  {
    source: 'oci',
    layer: 'gzip',
    formats: BOTH,
    layers: 'compress',
    wishes: { compression: 'zstd', forceCompression: true },
    gives: ['oci', 'zstd', 'changed'],
  },
  {
    source: 'oci',
    layer: 'gzip',
    formats: BOTH,
    layers: 'compress',
    wishes: { compression: 'none', forceCompression: true },
    gives: ['oci', 'none', 'changed'],
  },
];

const diffId = digestOf('tar') as string as DiffId;

function image(format: ImageFormat, compression: Compression) {
  const blob = { digest: digestOf('blob'), size: 4 };
  return {
    mediaType: format === 'docker' ? DOCKER_MANIFEST : OCI_MANIFEST,
    manifest: {
      schemaVersion: 2,
      config: { mediaType: 'x', ...blob },
      layers: [{ mediaType: layerMediaType(compression, format), ...blob }],
    },
    config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } },
  } as const;
}

suite('planCopy()', (test) => {
  for (const { source, layer, formats, layers, wishes = {}, gives } of CASES) {
    test(`${source} ${layer} to ${formats} ${layers} ${JSON.stringify(wishes)}`, () => {
      const plan = planCopy(image(source, layer), { formats, layers, description: 'x' }, wishes);
      const [format, compression, bytes] = gives;
      assert.is(plan.format, format);
      assert.is(plan.layers[0]?.mediaType, layerMediaType(compression, format));
      assert.is(plan.isUnchanged, bytes === 'same');
      assert.equal(plan.layers[0]?.recompress, layer === compression ? undefined : { from: layer, to: compression });
    });
  }

  test('a config with another number of layers is refused', () =>
    rejects(
      () =>
        planCopy(
          { ...image('oci', 'gzip'), config: { architecture: 'x', os: 'x', rootfs: { type: 'layers', diff_ids: [] } } },
          { formats: BOTH, layers: 'preserve', description: 'x' },
          {},
        ),
      {
        code: 'MANIFEST_INVALID',
      },
    ));

  test('an artifact is copied as it is or not at all', () => {
    const artifact = { ...image('oci', 'gzip'), config: undefined };
    assert.ok(planCopy(artifact, { formats: BOTH, layers: 'compress', description: 'x' }, {}).isUnchanged);
    return rejects(() => planCopy(artifact, { formats: ['docker'], layers: 'compress', description: 'x' }, {}), { code: 'UNSUPPORTED' });
  });
});
