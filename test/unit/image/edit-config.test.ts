import * as assert from 'uvu/assert';
import {
  appendHistory,
  appendLayer,
  type DiffId,
  digestOf,
  editContainerConfig,
  emptyConfig,
  encodeImageConfig,
  type ImageConfig,
} from '../../../src/image/index.js';
import { suite } from '../../support/suite.js';

const scratch = emptyConfig({ os: 'linux', architecture: 'arm', variant: 'v7' });
const one = digestOf('1') as string as DiffId;
const two = digestOf('2') as string as DiffId;
const text = (config: ImageConfig) => Buffer.from(encodeImageConfig(config)).toString();

suite('emptyConfig()', (test) => {
  test('is what the specification demands', () => {
    assert.is(
      text(scratch),
      '{"architecture":"arm","variant":"v7","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}',
    );
  });
});

suite('appendLayer() and appendHistory()', (test) => {
  test('keep as many history entries with a layer as there are layers', () => {
    const config = appendLayer(appendHistory(appendLayer(scratch, one, { created_by: 'a' }), { created_by: 'b' }), two, {
      created_by: 'c',
    });
    assert.equal(config.rootfs.diff_ids, [one, two]);
    assert.equal(config.history, [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }, { created_by: 'c' }]);
  });
  test('complete the history of a base that has none', () => {
    const { history: _, ...base } = { ...scratch, rootfs: { type: 'layers' as const, diff_ids: [one] } };
    assert.equal(appendLayer(base, two, { created_by: 'c' }).history, [{}, { created_by: 'c' }]);
    assert.equal(appendHistory(base, { created_by: 'c' }).history, [{}, { created_by: 'c', empty_layer: true }]);
  });
  test('a layer entry never says that it is empty', () => {
    assert.equal(appendLayer(scratch, one, { created_by: 'a', empty_layer: true }).history, [{ created_by: 'a' }]);
  });
  test('leave what they were given alone', () => {
    const before = text(scratch);
    appendLayer(scratch, one, {});
    appendHistory(scratch, {});
    editContainerConfig(scratch, { User: 'x' });
    assert.is(text(scratch), before);
  });
});

suite('editContainerConfig()', (test) => {
  test('replaces, adds and removes fields', () => {
    const first = editContainerConfig(scratch, { User: 'a', Cmd: ['x'] });
    assert.equal(editContainerConfig(first, { Cmd: undefined, WorkingDir: '/w' }).config, { User: 'a', WorkingDir: '/w' });
  });
  test('works on a config without a container part', () => {
    const { config: _, ...bare } = scratch;
    assert.equal(editContainerConfig(bare, { User: 'a' }).config, { User: 'a' });
  });
});

suite('encodeImageConfig()', (test) => {
  test('does not depend on the order in which things were set', () => {
    const a: ImageConfig = { ...scratch, author: 'me', created: '2026-01-01T00:00:00Z', config: { Labels: { b: '2', a: '1' }, User: 'u' } };
    const b: ImageConfig = { created: '2026-01-01T00:00:00Z', ...scratch, config: { User: 'u', Labels: { a: '1', b: '2' } }, author: 'me' };
    assert.is(text(a), text(b));
    assert.match(text(a), /^\{"created":.*"author":.*"architecture":.*"config":\{"User":"u","Labels":\{"a":"1","b":"2"\}\}/);
  });
  test('puts unknown fields last and leaves undefined ones out', () => {
    const config = { 'x-own': 1, ...scratch, author: undefined } as unknown as ImageConfig;
    assert.match(text(config), /"history":\[\],"x-own":1\}$/);
  });
});
