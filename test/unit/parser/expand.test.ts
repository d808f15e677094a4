// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import * as assert from 'uvu/assert';
import { ExpansionError, expandHeredoc, expandWord, expandWords, splitShellWords } from '../../../src/parser/expand.js';
import { suite } from '../../support/suite.js';

const VARIABLES: Readonly<Record<string, string>> = {
  A: 'hello',
  E: '',
  P: '/usr/local/lib/x.tar.gz',
  S: 'two words',
  STAR: 'a*b?c',
  Q: 'say "hi"',
  Ünï: 'uni',
  _u1: 'under',
  N: 'a1b1c1',
  BRACE: 'x}y',
  SLASH: 'a/b/c',
  DOT: 'a.b.c',
  LINES: 'a\nb',
};
const lookup = (name: string): string | undefined => (Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined);

/** Text and what becomes of it, by the rules of the Dockerfile reference; `!` begins the text of the error. */
const WORDS: readonly (readonly [string, string])[] = [
  // plain text
  ['', ''],
  ['hello', 'hello'],
  ['two  words', 'two  words'],
  ['a#b', 'a#b'],
  // names
  ['$A', 'hello'],
  ['${A}', 'hello'],
  ['$A$A', 'hellohello'],
  ['x$A.y', 'xhello.y'],
  ['${A}y', 'helloy'],
  ['$Ay', ''],
  ['$NONE', ''],
  ['${NONE}', ''],
  ['$E', ''],
  ['$_u1', 'under'],
  ['$Ünï!', 'uni!'],
  ['a$', 'a$'],
  ['$.', '$.'],
  ['$ A', '$ A'],
  ['$/x', '$/x'],
  ['$1', ''],
  ['$12x', 'x'],
  ['$1A', 'A'],
  ['$@ $* $# $? $- $$ $! $0.', '       .'],
  ['$-A', 'A'],
  // escapes
  ['\\$A', '$A'],
  ['\\\\$A', '\\hello'],
  ['\\a', 'a'],
  ['a\\ b', 'a b'],
  ['a\\', 'a'],
  ['\\"x\\"', '"x"'],
  ["\\'x", "'x"],
  ['$\\A', '$A'],
  // single quotes
  ["'$A'", '$A'],
  ["'a\\b'", 'a\\b'],
  ['\'a "b" c\'', 'a "b" c'],
  ["a'b'c", 'abc'],
  ["''", ''],
  ["a 'b\\'c' d'", 'a b\\c d'],
  ["'$A'$A", '$Ahello'],
  // double quotes
  ['"$A"', 'hello'],
  ['"a b"', 'a b'],
  ['"\\$A"', '$A'],
  ['"\\""', '"'],
  ['"\\\\"', '\\'],
  ['"a\\b"', 'a\\b'],
  ['"a\\nb"', 'a\\nb'],
  ['"it\'s"', "it's"],
  ['"${A}s"', 'hellos'],
  ['"$Q"', 'say "hi"'],
  ['$Q', 'say "hi"'],
  ['""', ''],
  ['"\\\'"', "\\'"],
  // - and :-
  ['${A-x}', 'hello'],
  ['${E-x}', ''],
  ['${NONE-x}', 'x'],
  ['${A:-x}', 'hello'],
  ['${E:-x}', 'x'],
  ['${NONE:-x}', 'x'],
  ['${NONE:-}', ''],
  ['${NONE-}', ''],
  ['${NONE:-a b}', 'a b'],
  ['${NONE:-$A}', 'hello'],
  ['${NONE:-${A}}', 'hello'],
  ['${NONE:-${NO2:-c}}', 'c'],
  ['${NONE:-x${NO2:-y}z}', 'xyz'],
  ["${NONE:-'$A'}", '$A'],
  ['${NONE:-"$A b"}', 'hello b'],
  ['${NONE:-a\\}b}', 'a}b'],
  ['"${NONE:-a b}"', 'a b'],
  ['${NONE:-:x}', ':x'],
  ['${NONE:-/}', '/'],
  ['${1:-one}', 'one'],
  ['${@:-none}', 'none'],
  // + and :+
  ['${A+x}', 'x'],
  ['${E+x}', 'x'],
  ['${NONE+x}', ''],
  ['${A:+x}', 'x'],
  ['${E:+x}', ''],
  ['${NONE:+x}', ''],
  ['${A:+${P}}', '/usr/local/lib/x.tar.gz'],
  ['${A:+-$A-}', '-hello-'],
  // ? and :?
  ['${A?m}', 'hello'],
  ['${A:?m}', 'hello'],
  ['${E?m}', ''],
  ['${NONE?}', '!NONE: is not allowed to be unset'],
  ['${NONE:?}', '!NONE: is not allowed to be unset'],
  ['${E:?}', '!E: is not allowed to be empty'],
  ['${NONE?set it}', '!NONE: set it'],
  ['${E:?set $A}', '!E: set hello'],
  // # and ##
  ['${A#he}', 'llo'],
  ['${A#x}', 'hello'],
  ['${A#*l}', 'lo'],
  ['${A##*l}', 'o'],
  ['${A#?}', 'ello'],
  ['${A##*}', ''],
  ['${A#*}', 'hello'],
  ['${A#}', 'hello'],
  ['${P#*/}', 'usr/local/lib/x.tar.gz'],
  ['${P##*/}', 'x.tar.gz'],
  ['${STAR#a\\*}', 'b?c'],
  ['${STAR#*\\?}', 'c'],
  ['${NONE#x}', ''],
  ['${A#$A}', ''],
  ['${BRACE#x\\}}', 'y'],
  ['${DOT#a.}', 'b.c'],
  ['${DOT#ax}', 'a.b.c'],
  // % and %%
  ['${A%lo}', 'hel'],
  ['${A%x}', 'hello'],
  ['${A%l*}', 'hel'],
  ['${A%%l*}', 'he'],
  ['${P%.*}', '/usr/local/lib/x.tar'],
  ['${P%%.*}', '/usr/local/lib/x'],
  ['${P%/*}', '/usr/local/lib'],
  ['${P%%/*}', ''],
  ['${A%?}', 'hell'],
  ['${STAR%\\?c}', 'a*b'],
  ['${SLASH%\\/c}', 'a/b'],
  ['${NONE%x}', ''],
  // / and //
  ['${A/l/L}', 'heLlo'],
  ['${A//l/L}', 'heLLo'],
  ['${A/x/L}', 'hello'],
  ['${A/l/}', 'helo'],
  ['${A//l/}', 'heo'],
  ['${A/e*l/-}', 'h-o'],
  ['${A/?/-}', '-ello'],
  ['${A//?/-}', '-----'],
  ['${N//1/$E}', 'abc'],
  ['${N/1/$A}', 'ahellob1c1'],
  ['${SLASH/\\//-}', 'a-b/c'],
  ['${SLASH//\\//-}', 'a-b-c'],
  ['${NONE/a/b}', ''],
  ['${DOT//./-}', 'a-b-c'],
  ['${A/*/x}', 'x'],
  ['${LINES/a*b/x}', 'a\nb'],
  // what is wrong
  ['${}', '!syntax error: bad substitution'],
  ['${:x}', '!syntax error: bad substitution'],
  ['${{x}', '!syntax error: bad substitution'],
  ['${', "!syntax error: missing '}'"],
  ['${A', "!syntax error: missing '}'"],
  ['${A:-x', "!syntax error: missing '}'"],
  ['${A#x', "!syntax error: missing '}'"],
  ['${A/x', "!syntax error: missing '/' in ${}"],
  ['${A/x/y', "!syntax error: missing '}'"],
  ['${A:#x}', '!unsupported modifier (:#) in substitution'],
  ['${A:%x}', '!unsupported modifier (:%) in substitution'],
  ['${A:=x}', '!unsupported modifier (:=) in substitution'],
  ['${A:1}', '!unsupported modifier (:1) in substitution'],
  ['${A!x}', '!unsupported modifier (!) in substitution'],
  ['${A.b}', '!unsupported modifier (.) in substitution'],
  ['${A#\\x}', "!invalid pattern (\\x) in substitution: invalid escape '\\x'"],
  ['"a', '!unexpected end of statement while looking for matching double-quote'],
  ["'a", '!unexpected end of statement while looking for matching single-quote'],
  ["a 'b\\'c'", '!unexpected end of statement while looking for matching single-quote'],
];

suite('expandWord()', (test) => {
  for (const [text, expected] of WORDS) {
    test(`${JSON.stringify(text)} -> ${JSON.stringify(expected)}`, () => {
      if (!expected.startsWith('!')) return assert.is(expandWord(text, { lookup }), expected);
      try {
        expandWord(text, { lookup });
      } catch (error) {
        assert.instance(error, ExpansionError);
        assert.is((error as ExpansionError).problem, expected.slice(1));
        assert.is((error as ExpansionError).message, `failed to process ${JSON.stringify(text)}: ${expected.slice(1)}`);
        return;
      }
      assert.unreachable('no error');
    });
  }

  for (const [text, expected] of [
    ['`$A', '$A'],
    ['\\$A', '\\hello'],
    ['c:\\x', 'c:\\x'],
    ['"`""', '"'],
    ['"\\""', '!'],
    ['${NONE:-a`}b}', 'a}b'],
  ] as const) {
    test(`with the escape character \`: ${text}`, () => {
      if (expected === '!') assert.throws(() => expandWord(text, { lookup, escape: '`' }));
      else assert.is(expandWord(text, { lookup, escape: '`' }), expected);
    });
  }

  test('tells which variables were not set, but not those with an alternative', () => {
    const unset: string[] = [];
    expandWord('$A $B ${C} ${D:-x} ${F+y} ${G#z} $E', { lookup, onUnset: (name) => unset.push(name) });
    assert.equal(unset, ['B', 'C', 'G']);
  });

  test('refuses words nested without end instead of exhausting the stack', () => {
    assert.throws(
      () => expandWord('${x:-'.repeat(100_000), { lookup }),
      (error: unknown) => error instanceof ExpansionError,
    );
  });
});

suite('expandWords()', (test) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  ', []],
    ['a b', ['a', 'b']],
    ['a\tb  c ', ['a', 'b', 'c']],
    ['$S', ['two', 'words']],
    ['"$S"', ['two words']],
    ['x$S', ['xtwo', 'words']],
    ["'a b' c", ['a b', 'c']],
    ['a\\ b c', ['a b', 'c']],
    ['$NONE a', ['a']],
    ['80 ${NONE:-90 91}', ['80', '90', '91']],
  ];
  for (const [text, expected] of rows) test(JSON.stringify(text), () => assert.equal(expandWords(text, { lookup }), expected));
});

suite('expandHeredoc()', (test) => {
  const rows: readonly (readonly [string, string])[] = [
    ['"$A" \'$A\'\n', '"hello" \'hello\'\n'],
    ["it's\n", "it's\n"],
    ['\\$A\n', '$A\n'],
    ['\\\\\n', '\\\n'],
    ['\\\n', '\n'],
    ['${NONE:-x}\n', 'x\n'],
    ['${NONE:-"x"}\n', '"x"\n'],
    ['plain\n', 'plain\n'],
  ];
  for (const [text, expected] of rows) {
    test(JSON.stringify(text), () => {
      assert.is(expandHeredoc(text, { lookup }), expected);
      assert.is(expandHeredoc(text, { lookup, escape: '`' }), expected, 'the escape character of the file means nothing here');
    });
  }
});

suite('splitShellWords()', (test) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['a "b c" d', ['a', '"b c"', 'd']],
    ["a'b c'd", ["a'b c'd"]],
    ['a\\ b c', ['a\\ b', 'c']],
    ['$A ${B} ${C:-x}', ['$A', '${B}', '${C:-x}']],
    ['"\\"x y\\"" z', ['"\\"x y\\""', 'z']],
  ];
  for (const [text, expected] of rows) {
    test(JSON.stringify(text), () => {
      const words = splitShellWords(text);
      assert.equal(
        words.map((word) => word.text),
        expected,
      );
      for (const { text: word, start, end } of words) assert.is(text.slice(start, end), word);
    });
  }
});
