import * as assert from 'uvu/assert';
import { digestOf, parseImageConfig } from '../../../src/image/index.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const diffId = digestOf('layer');
const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } };
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

const good: readonly [title: string, value: object][] = [
  ['the least there can be', config],
  [
    'null for optional members',
    { ...config, config: { Cmd: null, Entrypoint: null, Env: null, Labels: null, Volumes: null }, history: null },
  ],
  ['no layers, said by null', { ...config, rootfs: { type: 'layers', diff_ids: null } }],
  [
    "Docker's members",
    { ...config, container_config: {}, docker_version: '20', config: { Healthcheck: { Test: ['NONE'] }, Shell: ['sh'] } },
  ],
  ['a history of metadata only', { ...config, history: [{ empty_layer: true }] }],
  ['a complete history', { ...config, history: [{ created_by: 'ADD' }, { empty_layer: true }] }],
];

const bad: readonly [title: string, value: unknown][] = [
  ['null', null],
  ['a list', []],
  ['no rootfs', { architecture: 'amd64', os: 'linux' }],
  ['null rootfs', { ...config, rootfs: null }],
  ['another kind of rootfs', { ...config, rootfs: { type: 'base', diff_ids: [] } }],
  ['a diff id that is a path', { ...config, rootfs: { type: 'layers', diff_ids: ['sha256:../x'] } }],
  ['null among diff ids', { ...config, rootfs: { type: 'layers', diff_ids: [null] } }],
  ['no os', { architecture: 'amd64', rootfs: config.rootfs }],
  ['Rootfs beside rootfs', { ...config, Rootfs: {} }],
  ['Env that is a map', { ...config, config: { Env: { PATH: '/' } } }],
  ['Env with null', { ...config, config: { Env: [null] } }],
  ['labels that are numbers', { ...config, config: { Labels: { a: 1 } } }],
  ['Cmd that is text', { ...config, config: { Cmd: 'sh' } }],
  ['history with null', { ...config, history: [null] }],
  ['history of more layers than there are', { ...config, history: [{}, {}] }],
];

suite('parseImageConfig()', (test) => {
  for (const [title, value] of good) test(`reads ${title}`, () => assert.is(parseImageConfig(bytes(value)).os, 'linux'));
  for (const [title, value] of bad)
    test(`refuses ${title}`, () => rejects(() => parseImageConfig(bytes(value)), { code: 'MANIFEST_INVALID' }));
  test('keeps unknown members', () => {
    const value = parseImageConfig(bytes({ ...config, 'x-own': { a: [1] }, config: { OnBuild: ['RUN x'], Domainname: 'd' } }));
    assert.equal((value as unknown as Record<string, unknown>)['x-own'], { a: [1] });
    assert.equal(value.config, { OnBuild: ['RUN x'], Domainname: 'd' });
  });
  test('names the image it belongs to', () =>
    rejects(() => parseImageConfig(bytes({}), 'config of app:1'), { message: /^Cannot accept config of app:1: / }));
});
