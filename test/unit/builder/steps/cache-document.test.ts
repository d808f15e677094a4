import * as assert from 'uvu/assert';
import {
  type CacheDocument,
  encodeCacheDocument,
  isShareable,
  parseCacheDocument,
  recordsOfImage,
} from '../../../../src/builder/steps/cache-document.js';
import { contentOfLayers } from '../../../../src/builder/steps/root-state.js';
import type { ContentDigest, DiffId, Digest } from '../../../../src/image/index.js';
import type { StepRecord } from '../../../../src/store/index.js';
import { suite } from '../../../support/suite.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const record = (definition: string, parent: string, result: StepRecord['result'] = {}): StepRecord => ({
  definition: digest(definition),
  parent: parent.length === 1 ? digest(parent) : parent,
  inputs: { 'run.command': digest('9') },
  result,
  createdAt: '2026-01-01T00:00:00.000Z',
});
const layer = (diffId: string, content: string) => ({ diffId: digest(diffId), contentDigest: digest(content), empty: false });
const identity = (diffId: string, content: string, empty = false) => ({
  diffId: digest(diffId) as DiffId,
  contentDigest: digest(content) as ContentDigest,
  empty,
});
const blob = { digest: digest('e') as Digest, size: 12, compression: 'zstd' } as const;
const DOCUMENT: CacheDocument = {
  records: [record('1', '2', layer('a', 'b')), record('3', '4', { selection: 'file:1' })],
  layers: [{ diffId: digest('a') as DiffId, ...blob }],
  mounts: [{ identity: { id: 'npm', platform: 'linux/amd64', uid: 0, gid: 0, origin: '' }, diffId: digest('d') as DiffId, ...blob }],
};

function parse(value: unknown): CacheDocument {
  return parseCacheDocument(new TextEncoder().encode(JSON.stringify(value)), 'cache of a test');
}

function encoded(document: CacheDocument = DOCUMENT) {
  return JSON.parse(new TextDecoder().decode(encodeCacheDocument(document)));
}

suite('builder/steps/cache-document', (test) => {
  test('what is encoded is parsed, and does not depend on the order it came in', () => {
    const bytes = encodeCacheDocument(DOCUMENT);
    assert.equal(parseCacheDocument(bytes, 'cache'), DOCUMENT);
    const reversed = { ...DOCUMENT, records: [...DOCUMENT.records].reverse() };
    assert.equal(encodeCacheDocument(reversed), bytes);
  });

  test('an input that is no digest does not leave the machine', () => {
    const [first] = DOCUMENT.records;
    const text = JSON.stringify(encoded({ ...DOCUMENT, records: [{ ...first!, inputs: { 'arg.TOKEN': 'hunter2' } }] }));
    assert.not.match(text, 'hunter2');
  });

  for (const [subject, change] of [
    ['a definition that is a path', (d: ReturnType<typeof encoded>) => (d.records[0].definition = '../../etc/passwd')],
    ['a parent in capitals', (d: ReturnType<typeof encoded>) => (d.records[0].parent = digest('A'))],
    ['an input with a value', (d: ReturnType<typeof encoded>) => (d.records[0].inputs.a = 'text')],
    ['a layer without a content digest', (d: ReturnType<typeof encoded>) => delete d.records[0].result.contentDigest],
    ['a time that is none', (d: ReturnType<typeof encoded>) => (d.records[0].createdAt = 'yesterday')],
    ['a negative size', (d: ReturnType<typeof encoded>) => (d.layers[0].size = -1)],
    ['a blob with a name', (d: ReturnType<typeof encoded>) => (d.layers[0].digest = 'latest')],
    ['an unknown compression', (d: ReturnType<typeof encoded>) => (d.layers[0].compression = 'xz')],
    ['a mount of nobody', (d: ReturnType<typeof encoded>) => (d.mounts[0].identity.uid = 2 ** 32)],
    ['a later version', (d: ReturnType<typeof encoded>) => (d.version = 2)],
    ['no records', (d: ReturnType<typeof encoded>) => delete d.records],
    ['too many records', (d: ReturnType<typeof encoded>) => (d.records = Array(10_001).fill(d.records[0]))],
  ] as const) {
    test(`parseCacheDocument() refuses ${subject}`, () => {
      const value = encoded();
      change(value);
      assert.throws(
        () => parse(value),
        (error: { code?: string }) => error.code === 'MANIFEST_INVALID',
      );
    });
  }

  test('parseCacheDocument() drops what it does not know', () => {
    const value = encoded();
    value.records[0].result.script = 'rm -rf /';
    value.records[0].owner = 'me';
    assert.equal(parse(value), DOCUMENT);
  });

  test('recordsOfImage() keeps what led from layer to layer, and nothing of other stages', () => {
    const layers = [identity('a', 'b'), identity('c', 'd')];
    const base = contentOfLayers(layers.slice(0, 1));
    const top = contentOfLayers(layers);
    const workdir = record('5', base);
    const second = record('6', base, layer('c', 'd'));
    const after = record('7', top);
    const made = record('8', '8');
    const others = [record('1', '2', layer('a', 'b')), record('3', base, layer('f', '0')), record('4', top, layer('c', 'd'))];
    assert.equal(recordsOfImage([workdir, ...others, second, after, made], layers), [workdir, second, after, made]);
  });

  test('recordsOfImage() keeps what COPY --link made on nothing, wherever it lies', () => {
    const layers = [identity('a', 'b'), identity('c', 'd')];
    const linked = record('1', contentOfLayers([]), layer('c', 'd'));
    const elsewhere = record('2', contentOfLayers([]), layer('e', 'f'));
    assert.equal(recordsOfImage([linked, elsewhere], layers), [linked]);
  });

  test('isShareable() refuses what only this machine can use', () => {
    const results = [
      layer('a', 'b'),
      {},
      { selection: 'dir:1' },
      { layer: digest('a'), selection: 'dir:1' },
      { content: '00', sizeBytes: 1 },
    ];
    assert.equal(
      results.map((result) => isShareable(record('1', '2', result))),
      [true, true, true, false, false],
    );
  });

  test('recordsOfImage() finds steps on both sides of an empty layer, whose content is the same', () => {
    const layers = [identity('a', 'b'), identity('0', '0', true), identity('c', 'd')];
    const content = contentOfLayers(layers.slice(0, 1));
    const nothing = record('5', content, { ...layer('0', '0'), empty: true });
    const next = record('6', content, layer('c', 'd'));
    assert.equal(recordsOfImage([nothing, next], layers), [nothing, next]);
  });
});
