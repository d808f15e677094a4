import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseBlockYaml } from '../../../../../src/operations/surroundings/devices/block-yaml.js';
import { findCdiDevice, isCdiName } from '../../../../../src/operations/surroundings/devices/cdi.js';
import { readDevice } from '../../../../../src/operations/surroundings/devices/device-flag.js';
import { suite } from '../../../../support/suite.js';
import { withTempDir } from '../../../../support/temp-dir.js';

const YAML = `---
# as nvidia-ctk writes them
cdiVersion: "0.5.0"
kind: example.com/gpu
containerEdits:
  env:
  - COMMON=1
  hooks:
  - hookName: createContainer
    path: /usr/bin/hook
    args:
    - hook
    - --flag
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/gpu0
      hostPath: /dev/null   # the host's
      permissions: rm
    mounts:
      - hostPath: /etc/hosts
        containerPath: /opt/hosts
        options: [ro]
`;

suite('parseBlockYaml()', (test) => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['nothing', '', null],
    [
      'scalars',
      "a: 1\nb: true\nc: ~\nd: \"x: y\"\ne: 'it''s'\nf: 0644\ng: v1.2\nh: []\ni:\n",
      { a: 1, b: true, c: null, d: 'x: y', e: "it's", f: 420, g: 'v1.2', h: [], i: null },
    ],
    ['lists as deep as their name', 'a:\n- 1\n- b: 2\n  c: 3\nd: e', { a: [1, { b: 2, c: 3 }], d: 'e' }],
    ['lists in lists', '- - 1\n  - 2\n-\n  a: b\n', [[1, 2], { a: 'b' }]],
    ['a colon in a value', 'a: b:c\n- x', undefined],
    ['options of a mount', '- rw:yes\n- a=b # no\n', ['rw:yes', 'a=b']],
  ];
  for (const [what, text, expected] of rows) {
    test(what, () => {
      if (expected === undefined) assert.throws(() => parseBlockYaml(text), /line 2/);
      else assert.equal(parseBlockYaml(text), expected);
    });
  }
  for (const [what, text] of [
    ['an anchor', 'a: &x 1'],
    ['an alias', 'a: *x'],
    ['a text over several lines', 'a: |\n  b'],
    ['a mapping on one line', 'a: {b: 1}'],
    ['a tab', 'a:\n\tb: 1'],
    ['a name twice', 'a: 1\na: 2'],
    ['a depth that nothing has', 'a: 1\n   b: 2'],
    ['a quote that stays open', 'a: "b'],
  ] as const)
    test(`refuses ${what}`, () => assert.throws(() => parseBlockYaml(text), /line \d/));
});

suite('findCdiDevice()', (test) => {
  test('names', () => {
    assert.ok(isCdiName('example.com/gpu=0'));
    for (const text of ['/dev/null', '/dev/a=b', 'gpu=0', 'example.com/gpu']) assert.not.ok(isCdiName(text), text);
  });

  test('YAML and JSON, the later directory first', () =>
    withTempDir((directory) => {
      const [low, high] = [join(directory, 'low'), join(directory, 'high')];
      mkdirSync(low);
      mkdirSync(high);
      writeFileSync(join(low, 'a.yaml'), YAML.replace('[ro]', '\n        - ro\n        - rbind'));
      const device = findCdiDevice('example.com/gpu=0', [low, high]);
      assert.equal(device?.env, { COMMON: '1' });
      assert.is(device?.hasHooks, true);
      assert.equal(device?.mounts, [
        { kind: 'device', target: '/dev/gpu0', hostPath: '/dev/null', readOnly: true },
        {
          kind: 'volume',
          target: '/opt/hosts',
          hostPath: '/etc/hosts',
          readOnly: true,
          recursive: true,
          nosuid: false,
          nodev: false,
          noexec: false,
        },
      ]);
      writeFileSync(
        join(high, 'b.json'),
        JSON.stringify({ cdiVersion: '0.5.0', kind: 'example.com/gpu', devices: [{ name: '0', containerEdits: { env: ['FROM=high'] } }] }),
      );
      assert.equal(findCdiDevice('example.com/gpu=0', [low, high])?.env, { FROM: 'high' });
      assert.is(findCdiDevice('example.com/gpu=1', [low, high]), undefined);
      writeFileSync(join(high, 'c.json'), '{');
      assert.throws(() => findCdiDevice('example.com/gpu=0', [low, high]), /c\.json/);
    }));
});

suite('readDevice()', (test) => {
  test('a node, with a place and permissions', () => {
    assert.equal(readDevice('/dev/null:/dev/other:r').mounts, [
      { kind: 'device', target: '/dev/other', hostPath: '/dev/null', readOnly: true },
    ]);
  });
  test('of a directory every device', () => {
    const { mounts } = readDevice('/dev:/host');
    assert.ok(mounts.some((mount) => mount.kind === 'device' && mount.target === '/host/null' && mount.hostPath === '/dev/null'));
    assert.not.ok(mounts.some((mount) => mount.kind === 'device' && /\/(?:pts|shm|fd)\//.test(mount.target)));
  });
  for (const wrong of ['null', '/dev/null:relative', '/etc/hosts', '/nothing', 'example.com/none=1'])
    test(`refuses ${wrong}`, () => assert.throws(() => readDevice(wrong, []), /device/));
});
