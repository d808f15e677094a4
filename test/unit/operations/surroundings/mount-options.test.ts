import * as assert from 'uvu/assert';
import { contradiction, isRecursive, isVolumeOption, mountTraits } from '../../../../src/operations/surroundings/mount-options.js';
import { suite } from '../../../support/suite.js';

const NOTHING = { nosuid: false, nodev: false, noexec: false };

suite('mountTraits', (test) => {
  for (const [words, expected] of [
    ['', {}],
    ['z relabel=shared suid dev exec cached', { relabel: 'shared' }],
    ['Z', { relabel: 'private' }],
    ['nosuid nodev noexec', { nosuid: true, nodev: true, noexec: true }],
    ['U', { chown: true }],
    ['private', {}],
    ['rprivate', {}],
    ['slave', { propagation: 'slave' }],
    ['rslave', { propagation: 'slave' }],
    ['shared', { propagation: 'shared' }],
    ['bind-propagation=rshared', { propagation: 'shared' }],
    ['runbindable', { propagation: 'unbindable' }],
    ['relabel=private bind-propagation=slave', { propagation: 'slave', relabel: 'private' }],
  ] as const) {
    test(`of ${JSON.stringify(words)}`, () => assert.equal(mountTraits(words.split(' ')), { ...NOTHING, ...expected }));
  }
});

suite('contradiction', (test) => {
  for (const [words, expected] of [
    ['ro U nosuid rslave z rbind', undefined],
    ['ro ro', undefined],
    ['ro rw', ['ro', 'rw']],
    ['O ro', ['O', 'ro']],
    ['z nodev Z', ['z', 'Z']],
    ['exec noexec', ['exec', 'noexec']],
    ['rslave shared', ['rslave', 'shared']],
    ['bind rbind', ['bind', 'rbind']],
  ] as const) {
    test(`of ${JSON.stringify(words)}`, () => assert.equal(contradiction(words.split(' ')), expected));
  }
});

suite('isVolumeOption', (test) => {
  test('knows words, not what ends a mount or names a path', () => {
    for (const word of ['ro', 'O', 'U', 'rslave', 'unbindable', 'nocopy', 'Z']) assert.ok(isVolumeOption(word), word);
    for (const word of ['idmap', 'upperdir=/x', 'remount', '', 'RO', 'bind-propagation=shared']) assert.not(isVolumeOption(word), word);
  });
});

suite('isRecursive', (test) => {
  for (const [word, expected] of [
    ['rbind', true],
    ['bind', false],
    ['bind-nonrecursive', false],
    ['bind-nonrecursive=true', false],
    ['bind-nonrecursive=false', true],
  ] as const)
    test(word, () => assert.is(isRecursive([word]), expected));
});
