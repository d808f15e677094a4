import * as assert from 'uvu/assert';
import { choice, flag, list, text, wholeNumber } from '../../../../src/commands/flags/flags.js';
import { parseCommandLine } from '../../../../src/commands/program/command-line.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const FLAGS = {
  all: flag({ char: 'a', summary: '' }),
  file: list({ char: 'f', summary: '' }),
  format: choice(['oci', 'docker'], { summary: '' }),
  jobs: wholeNumber({ summary: '' }),
  layers: flag({ negatable: true, summary: '' }),
  network: text({ aliases: ['net'], summary: '' }),
  pull: text({ summary: '' }),
  quiet: flag({ char: 'q', summary: '' }),
  target: text({ char: 't', summary: '' }),
};

const parse = (...argv: string[]) => parseCommandLine([() => FLAGS], argv, { bareValues: { pull: 'always' } });

// The rules are those of pflag with interspersed flags off, tried with Debian's buildah.
const CASES: readonly (readonly [string, Record<string, unknown>, string[]])[] = [
  ['--all dir', { all: true }, ['dir']],
  ['dir --all', {}, ['dir', '--all']],
  ['-qa', { quiet: true, all: true }, []],
  ['-f a -fb -f=c --file d --file=e', { file: ['a', 'b', 'c', 'd', 'e'] }, []],
  ['-qft x', { quiet: true, file: ['t'] }, ['x']],
  ['--target a --target b', { target: 'b' }, []],
  ['--target -q', { target: '-q' }, []],
  ['--target= x', { target: '' }, ['x']],
  ['--target=a=b', { target: 'a=b' }, []],
  ['--layers=false --quiet=1', { layers: false, quiet: true }, []],
  ['--no-layers', { layers: false }, []],
  ['--pull never', { pull: 'always' }, ['never']],
  ['--pull=never', { pull: 'never' }, []],
  ['--net host', { network: 'host' }, []],
  ['--jobs 4', { jobs: 4 }, []],
  ['-f - -', { file: ['-'] }, ['-']],
  ['-- --all', {}, ['--all']],
  ['-q -- -- x', { quiet: true }, ['--', 'x']],
];

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['--alll', /^unknown flag: --alll$/],
  ['--no-quiet', /^unknown flag: --no-quiet$/],
  ['-Z', /^unknown shorthand flag: 'Z' in -Z$/],
  ['-qZ', /^unknown shorthand flag: 'Z' in -qZ$/],
  ['--target', /^flag needs an argument: --target$/],
  ['-f', /^flag needs an argument: 'f' in -f$/],
  ['--quiet=maybe', /^invalid argument "maybe" for "--quiet" flag/],
  ['--format tar', /^invalid argument "tar" for "--format" flag: it must be one of oci, docker$/],
  ['--jobs many', /whole number/],
];

suite('commands/command-line', (test) => {
  for (const [line, flags, operands] of CASES) {
    test(`parseCommandLine() reads ${line}`, () => {
      assert.equal(parse(...line.split(' ')), { flags, operands });
    });
  }

  for (const [line, message] of MISTAKES) {
    test(`parseCommandLine() refuses ${line}`, () => rejects(() => parse(...line.split(' ')), { code: 'USAGE', message }));
  }

  test('parseCommandLine() suggests the flag that was meant', async () => {
    const error = await rejects(() => parse('--taget', 'x'), { code: 'USAGE' });
    assert.is((error as { hint?: string }).hint, 'Did you mean --target?');
  });

  test('parseCommandLine() does not take names of Object.prototype for flags', async () => {
    for (const name of ['--constructor', '--toString', '--__proto__']) await rejects(() => parse(name), { code: 'USAGE' });
  });
});
