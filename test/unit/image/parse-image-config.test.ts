import * as assert from 'uvu/assert';
import { digestOf, MAX_CONFIG_BYTES, parseImageConfig } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const rootfs = { type: 'layers', diff_ids: [digestOf('a')] };
const config = { architecture: 'amd64', os: 'linux', rootfs };

const parse = (value: unknown) => parseImageConfig(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

suite('image/parse-image-config', (test) => {
  test('parseImageConfig() keeps members it does not know', () => {
    const value = { ...config, container: 'abc', config: { Labels: { a: '1' }, Hostname: 'x' } };
    assert.equal(parse(value), value);
  });

  test('parseImageConfig() takes null for absent, as Go writes it', () => {
    const value = { ...config, config: { Env: null, Cmd: ['a'], Volumes: null }, history: null };
    assert.equal(parse(value), { ...config, config: { Cmd: ['a'] } });
  });

  test('parseImageConfig() takes an absent list of diff ids for an image without layers', () => {
    assert.equal(parse({ ...config, rootfs: { type: 'layers' } }).rootfs.diff_ids, []);
  });

  for (const [title, value, message] of [
    ['no architecture', { os: 'linux', rootfs }, /"architecture"/],
    ['no rootfs', { architecture: 'amd64', os: 'linux' }, /"rootfs"/],
    ['another rootfs type', { ...config, rootfs: { ...rootfs, type: 'plain' } }, /"rootfs.type"/],
    ['a diff id that is a path', { ...config, rootfs: { type: 'layers', diff_ids: ['sha256:../x'] } }, /"rootfs.diff_ids.0"/],
    ['an Env that is a map', { ...config, config: { Env: { A: '1' } } }, /"config.Env"/],
    ['a label that is no text', { ...config, config: { Labels: { a: 1 } } }, /"config.Labels/],
    ['a health check interval of half a nanosecond', { ...config, config: { Healthcheck: { Interval: 0.5 } } }, /Interval/],
    ['a member in two cases', `${JSON.stringify(config).slice(0, -1)},"RootFS":{}}`, /"RootFS" differs from "rootfs" in case only/],
    ['diff ids in another case', { ...config, rootfs: { type: 'layers', diff_Ids: [] } }, /"rootfs" is wrong: a member differs/],
    ['a user in two cases', { ...config, config: { User: '1', user: '0' } }, /"config" is wrong: a member differs/],
    ['more history than layers', { ...config, history: [{}, {}] }, /history speaks of 2 layers and it has 1/],
    ['null for a rootfs', { ...config, rootfs: null }, /"rootfs"/],
    ['null among diff ids', { ...config, rootfs: { type: 'layers', diff_ids: [null] } }, /"rootfs.diff_ids.0"/],
    ['null in an Env', { ...config, config: { Env: [null] } }, /"config.Env.0"/],
    ['null in a history', { ...config, history: [null] }, /"history.0"/],
    ['a Cmd that is a text', { ...config, config: { Cmd: 'sh' } }, /"config.Cmd"/],
    ['null', null, undefined],
    ['a list', [], undefined],
    ['a manifest', { schemaVersion: 2, config: {}, layers: [] }, /"architecture"/],
    ['a text', '"x"', undefined],
  ] as const) {
    test(`parseImageConfig() refuses ${title}`, async () => {
      await rejects(() => parse(value), { code: 'MANIFEST_INVALID', ...(message === undefined ? {} : { message }) });
    });
  }

  test('parseImageConfig() refuses more than 4 MiB', async () => {
    await rejects(() => parse(`${JSON.stringify(config)}${' '.repeat(MAX_CONFIG_BYTES)}`), {
      code: 'MANIFEST_INVALID',
      message: /the limit is/,
    });
  });
});
