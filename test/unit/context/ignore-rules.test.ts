import * as assert from 'uvu/assert';
import {
  applyRules,
  describeRule,
  type IgnoreRules,
  type IgnoreState,
  mayIncludeBelow,
  parseIgnoreFile,
  rootState,
  rulesOf,
} from '../../../src/context/ignore-rules.js';
import { rejects } from '../../support/rejects.js';
import { suite } from '../../support/suite.js';

const rulesFrom = (text: string, below?: 'kept' | 'lost') => parseIgnoreFile(Buffer.from(text), '.dockerignore', below);

function stateOf(rules: IgnoreRules, path: string): IgnoreState {
  const parts = path.split('/');
  return parts.reduce((state, _, index) => applyRules(rules, Buffer.from(parts.slice(0, index + 1).join('/')), state), rootState(rules));
}

/** Rows of moby's patternmatcher tests and of Docker's page on contexts, in words of our own: [lines, path, excluded]. */
const TABLE: readonly (readonly [string, string, boolean])[] = [
  // Plain names and parents
  ['file', 'file', true],
  ['file', 'dir/file', false],
  ['dir', 'dir/a/b', true],
  ['dir/', 'dir/a', true],
  ['/dir', 'dir', true],
  ['./dir', 'dir', true],
  ['dir/../file', 'file', true],
  ['../file', 'file', false],
  ['.', 'file', false],
  // One component
  ['*', 'file', true],
  ['*', 'dir/file', true],
  ['*.txt', 'a.txt', true],
  ['*.txt', 'dir/a.txt', false],
  ['*/a.txt', 'dir/a.txt', true],
  ['*/a.txt', 'a.txt', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['a?c', 'aéc', true],
  ['?', '日', true],
  ['temp?', 'tempa/x', true],
  ['*/*/temp*', 'a/b/temporary', true],
  ['*/*/temp*', 'a/temporary', false],
  // Any number of components
  ['**', 'a/b/c', true],
  ['**/file', 'file', true],
  ['**/file', 'a/b/file', true],
  ['**/file', 'a/xfile', false],
  ['**file', 'a/xfile', true],
  ['**/*.go', 'a.go', true],
  ['**/*.go', 'x/y/a.go', true],
  ['dir/**', 'dir/a', true],
  ['dir/**', 'dir', false],
  ['dir/**', 'dirt', false],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'a/xb', false],
  ['a**b', 'ab', true],
  ['a**b', 'ax/b', true],
  ['**/dir/**', 'x/dir/y', true],
  ['**/**', 'x/y', true],
  ['**/.git', 'a/.git/HEAD', true],
  ['abc.def', 'abcZdef', false],
  ['a(b)c+|d$^', 'a(b)c+|d$^', true],
  // Classes and escapes
  ['[ab]', 'a', true],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[\\]]', ']', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['\\!x', '!x', true],
  ['\\#x', '#x', true],
  // Order, and exceptions
  ['*\n!keep', 'keep', false],
  ['!keep\n*', 'keep', true],
  ['dir\n!dir/keep', 'dir/keep', false],
  ['dir\n!dir/keep', 'dir/other', true],
  ['dir\n!dir/keep\ndir/keep', 'dir/keep', true],
  ['*\n!dir\ndir/secret', 'dir/secret', true],
  ['*\n!dir\ndir/secret', 'dir/open', false],
  ['**/*.md\n!README*.md\nREADME-secret.md', 'README.md', false],
  ['**/*.md\n!README*.md\nREADME-secret.md', 'README-secret.md', true],
  ['*\n!a/b/c', 'a/b/c', false],
  ['*\n!a/b/c', 'a/b/d', true],
  ['!dir', 'dir', false],
  ['dir\n! dir/keep', 'dir/keep', false],
  ['dir\n!/dir/keep', 'dir/keep', false],
  // Reading
  ['# comment\nfile', 'file', true],
  ['#file', '#file', false],
  [' #file', '#file', true],
  ['  file \t', 'file', true],
  ['file\r', 'file', true],
  ['\n\n', 'file', false],
  ['\ufefffile', 'file', true],
  ['a b', 'a b', true],
];

suite('context/ignore-rules', (test) => {
  for (const [lines, path, excluded] of TABLE) {
    test(`applyRules() ${JSON.stringify(lines)} ${excluded ? 'excludes' : 'keeps'} ${path}`, () => {
      assert.is(stateOf(rulesFrom(lines), path).excluded, excluded);
    });
  }

  test('parseIgnoreFile() counts lines for its messages', () => {
    const rules = rulesFrom('# one\n\n*.log\r\n!keep.log\n');
    const state = stateOf(rules, 'x.log');
    assert.is(describeRule(rules, state.rule!), '.dockerignore line 3: "*.log"');
    assert.is(describeRule(rules, rules.rules[1]!), '.dockerignore line 4: "!keep.log"');
    const flag = rulesOf(['*.log'], '--exclude');
    assert.is(describeRule(flag, flag.rules[0]!), '--exclude "*.log"');
  });

  for (const [text, message] of [
    ['ok\n!', /^Cannot use \.dockerignore line 2: illegal exclusion pattern: "!"$/],
    ['! ', /line 1: illegal exclusion/],
    ['[a', /line 1: syntax error in pattern "\[a": the character class has no/],
    ['a\n\nb[]', /line 3: syntax error in pattern/],
    ['a\\', /line 1: syntax error in pattern .*backslash/],
    ['[a-]', /line 1: syntax error/],
  ] as const) {
    test(`parseIgnoreFile() refuses ${JSON.stringify(text)} and names its line`, async () => {
      await rejects(() => rulesFrom(text), { code: 'CONTEXT_INVALID', message });
    });
  }

  test('mayIncludeBelow() prunes what no exception can bring back', () => {
    const rules = rulesFrom('*\n!a/b/keep\n!c*/x');
    for (const [path, expected] of [
      ['a', true],
      ['a/b', true],
      ['a/x', false],
      ['cc', true],
      ['d', false],
    ] as const)
      assert.is(mayIncludeBelow(rules, Buffer.from(path), stateOf(rules, path)), expected, path);
  });

  test('mayIncludeBelow() is false when a later rule excludes it all again', () => {
    const rules = rulesFrom('dir\n!dir/keep\ndir');
    assert.is(mayIncludeBelow(rules, Buffer.from('dir'), stateOf(rules, 'dir')), false);
    assert.is(stateOf(rules, 'dir/keep').excluded, true);
  });

  test('a .containerignore does not bring back what is below an excluded directory', () => {
    const rules = rulesFrom('dir\n!dir/keep', 'lost');
    assert.is(stateOf(rules, 'dir/keep').excluded, true);
    assert.is(mayIncludeBelow(rules, Buffer.from('dir'), stateOf(rules, 'dir')), false);
    const again = rulesFrom('*\n!dir', 'lost');
    assert.is(stateOf(again, 'dir/keep').excluded, false);
  });

  test('patterns and paths need not be UTF-8', () => {
    const rules = parseIgnoreFile(Buffer.from([0xff, 0x0a]), '.dockerignore');
    assert.is(applyRules(rules, Buffer.from([0xff]), rootState(rules)).excluded, true);
    assert.is(applyRules(rules, Buffer.from([0xfe]), rootState(rules)).excluded, false);
  });
});
