import * as assert from 'uvu/assert';
import { type Wanted, wantedWord } from '../../../../src/commands/completion/wanted.js';
import type { FlagShape } from '../../../../src/commands/flags/flags.js';
import { suite } from '../../../support/suite.js';

const FLAGS: Readonly<Record<string, FlagShape>> = {
  quiet: { type: 'boolean', char: 'q' },
  file: { type: 'option', char: 'f', helpValue: 'path' },
  from: { type: 'option', helpValue: 'IMAGE|CONTAINER' },
  type: { type: 'option', helpValue: 'container|image' },
  format: { type: 'option', options: ['oci', 'docker'], helpValue: 'string' },
  pull: { type: 'option', helpValue: 'always|never' },
  target: { type: 'option', helpValue: 'STAGE' },
  name: { type: 'option', helpValue: 'string' },
  secret: { type: 'boolean', hidden: true },
};

const CONTAINERS: Wanted = { kind: 'names', of: ['container'] };
const FILES: Wanted = { kind: 'files' };
const NOTHING: Wanted = { kind: 'nothing' };

const ROWS: readonly (readonly [usage: string, before: string, current: string, wanted: Wanted, prefix?: string])[] = [
  [' [flags] CONTAINER SOURCE [SOURCE...]', '', '', CONTAINERS],
  [' [flags] CONTAINER SOURCE [SOURCE...]', '-q', 'x', CONTAINERS],
  [' [flags] CONTAINER SOURCE [SOURCE...]', 'c', '', FILES],
  [' [flags] CONTAINER SOURCE [SOURCE...]', 'c a b c', '', FILES],
  [' CONTAINER NAME', 'c', '', NOTHING],
  [' CONTAINER NAME', 'c d', '', NOTHING],
  [' [flags] CONTAINER [CONTAINER...]', 'a b', '', CONTAINERS],
  [' [flags] CONTAINER|IMAGE', '', '', { kind: 'names', of: ['container', 'image'] }],
  [' LIST IMAGE', 'l', '', { kind: 'names', of: ['image'] }],
  [' [flags] CONTAINER', '--', '-x', CONTAINERS],
  [' [flags]', '', '', NOTHING],
  [' [flags] CONTAINER', '--file', '', FILES],
  [' [flags] CONTAINER', '-f', 'a', FILES],
  [' [flags] CONTAINER', '-qf', 'a', FILES],
  [' [flags] CONTAINER', '--file=a', '', CONTAINERS],
  [' [flags] CONTAINER', '', '--file=a', FILES, '--file='],
  [' [flags] CONTAINER', '--from', '', { kind: 'names', of: ['image', 'container'] }],
  [' [flags] CONTAINER', '', '--target=', { kind: 'names', of: ['stage'] }, '--target='],
  [' [flags] CONTAINER', '--type', '', { kind: 'words', words: [{ word: 'container' }, { word: 'image' }] }],
  [' [flags] CONTAINER', '', '--format=d', { kind: 'words', words: [{ word: 'oci' }, { word: 'docker' }] }, '--format='],
  [' [flags] CONTAINER', '--name', '', NOTHING],
  [' [flags] CONTAINER', '', '--unknown=', NOTHING, '--unknown='],
];

suite('commands/completion/wanted', (test) => {
  for (const [usage, before, current, wanted, prefix = ''] of ROWS) {
    test(`wantedWord() of "${usage.trim()}" after "${before}" at "${current}"`, () => {
      const words = before.split(' ').filter(Boolean);
      assert.equal(wantedWord({ flags: FLAGS, bareValues: {}, usage, before: words, current }), { wanted, prefix });
    });
  }

  test('wantedWord() takes the word after a flag that may stand alone for an operand', () => {
    const { wanted } = wantedWord({ flags: FLAGS, bareValues: { pull: 'always' }, usage: ' IMAGE', before: ['--pull'], current: '' });
    assert.equal(wanted, { kind: 'names', of: ['image'] });
  });

  test('wantedWord() offers every flag that --help shows', () => {
    const { wanted } = wantedWord({ flags: FLAGS, bareValues: {}, usage: '', before: [], current: '--f' });
    assert.equal(wanted.kind === 'words' ? wanted.words.map(({ word }) => word) : [], [
      '--quiet',
      '--file',
      '--from',
      '--type',
      '--format',
      '--pull',
      '--target',
      '--name',
    ]);
  });
});
