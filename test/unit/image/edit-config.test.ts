import * as assert from 'uvu/assert';
import { completeHistory, type DiffId, digestOf, emptyConfig, encodeImageConfig, parseImageConfig } from '../../../src/image/index.js';
import { suite } from '../../support/suite.js';

const diffId = (text: string): DiffId => digestOf(text) as string as DiffId;
const scratch = emptyConfig({ os: 'linux', architecture: 'arm', variant: 'v7' });
const encoded = (config: Parameters<typeof encodeImageConfig>[0]): string => Buffer.from(encodeImageConfig(config)).toString();

suite('image/edit-config', (test) => {
  test('emptyConfig() has the platform and nothing else', () => {
    const expected = '{"architecture":"arm","variant":"v7","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}';
    assert.is(encoded(scratch), expected);
  });

  test('completeHistory() gives an entry to each layer of a base that says nothing of them', () => {
    const rootfs = { type: 'layers', diff_ids: [diffId('a'), diffId('b')] } as const;
    assert.equal(completeHistory({ ...scratch, rootfs }), [{}, {}]);
    const { history: _, ...silent } = { ...scratch, rootfs };
    assert.equal(completeHistory(silent), [{}, {}]);
    const some = [{ created_by: 'ADD a /' }, { created_by: 'ENV A=1', empty_layer: true }];
    assert.equal(completeHistory({ ...scratch, rootfs, history: some }), [...some, {}]);
  });

  test('encodeImageConfig() gives configs that say the same the same bytes', () => {
    const one = {
      ...scratch,
      config: { Labels: { b: '2', a: '1' }, Env: ['B=2', 'A=1'], ExposedPorts: { '80/tcp': {}, '22/tcp': {} } },
    };
    const other = {
      history: [],
      config: { ExposedPorts: { '22/tcp': {}, '80/tcp': {} }, Env: ['B=2', 'A=1'], Labels: { a: '1', b: '2' } },
      rootfs: { type: 'layers', diff_ids: [] },
      variant: 'v7',
      os: 'linux',
      architecture: 'arm',
    } as const;
    assert.is(encoded(one), encoded(other));
  });

  test('encodeImageConfig() keeps the order of lists and sorts maps', () => {
    const config = { ...scratch, config: { Labels: { b: '2', a: '1' }, Env: ['B=2', 'A=1'] } };
    assert.match(encoded(config), '"config":{"Env":["B=2","A=1"],"Labels":{"a":"1","b":"2"}}');
  });

  test('encodeImageConfig() writes known fields in the order of Go, unknown ones after them', () => {
    const config = { zebra: 1, ...scratch, created: '2026-01-01T00:00:00Z', author: 'me', alpha: 2 };
    const keys = Object.keys(JSON.parse(encoded(config)) as object);
    assert.equal(keys, ['created', 'author', 'architecture', 'variant', 'os', 'config', 'rootfs', 'history', 'alpha', 'zebra']);
  });

  test('encodeImageConfig() leaves absent fields out and writes text as UTF-8 without escapes', () => {
    const config = { ...scratch, author: 'Zoë <z@example.com>' };
    assert.match(encoded(config), '"author":"Zoë <z@example.com>"');
    assert.not.match(encoded(config), 'created');
  });

  test('parseImageConfig() reads back what encodeImageConfig() writes', () => {
    const config = {
      ...scratch,
      config: { Cmd: ['a b', '"'] },
      rootfs: { type: 'layers' as const, diff_ids: [diffId('a')] },
      history: [{ created_by: 'RUN\ttab' }],
    };
    assert.equal(parseImageConfig(encodeImageConfig(config)), config);
  });
});
