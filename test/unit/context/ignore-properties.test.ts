import { closeSync, openSync } from 'node:fs';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { applyRules, type IgnoreRules, type IgnoreState, parseIgnoreFile, rootState } from '../../../src/context/ignore-rules.js';
import { codePointsOf } from '../../../src/context/name-bytes.js';
import { compilePattern } from '../../../src/context/path-pattern.js';
import { SourceTree } from '../../../src/context/source-tree.js';
import { suite } from '../../support/suite.js';
import { withTempDir } from '../../support/temp-dir.js';
import { makeTree } from '../../support/tree-lines.js';

/**
 * A pattern by the rules of Docker's page, as a regular expression: the way moby goes, and not ours.
 *
 * @see https://docs.docker.com/build/concepts/context/#syntax
 */
function expressionOf(pattern: string): RegExp {
  let text = '';
  let wild = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === '*' && pattern[at + 1] === '*') {
      const start = at;
      at++;
      if (pattern[at + 1] === '/') at++;
      // `**text` is everything that ends so; anywhere else `**` takes whole folders.
      const rest = pattern.slice(at + 1);
      if (rest === '' || (start === 0 && pattern[at] === '*' && !/[*?[\\]/.test(rest))) text += '.*';
      else text += '(.*/)?';
      wild = true;
    } else if (char === '*') text += '[^/]*';
    else if (char === '?') text += '[^/]';
    else if (char === '\\') text += `\\${pattern[++at]}`;
    else if (char === '[') {
      const end = pattern.indexOf(']', at);
      text += pattern.slice(at, end + 1);
      at = end;
    } else text += char.replace(/[.+(){}|$^]/, '\\$&');
  }
  return new RegExp(`^${text}$`, wild ? 's' : '');
}

/** The last rule that fits a path, or a folder it is in, decides. */
function isExcluded(lines: readonly string[], path: string): boolean {
  const parts = path.split('/');
  const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  let excluded = false;
  for (const line of lines) {
    const expression = expressionOf(line.replace(/^!/, ''));
    if (prefixes.some((prefix) => expression.test(prefix))) excluded = !line.startsWith('!');
  }
  return excluded;
}

const name = fc.stringMatching(/^[ab]{1,2}(\.x)?$/);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const piece = fc.oneof(
  { arbitrary: name, weight: 4 },
  { arbitrary: fc.constantFrom('*', '**', '?', '*.x', 'a*', '**b', 'a**', '[ab]', '[^a]b', '\\a', '?b'), weight: 4 },
);
const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('/'));
const rule = fc.tuple(fc.boolean(), pattern).map(([negated, text]) => (negated ? `!${text}` : text));
const rules = fc.array(rule, { minLength: 1, maxLength: 5 });

function stateOf(parsed: IgnoreRules, of: string): IgnoreState {
  const parts = of.split('/');
  return parts.reduce((state, _, index) => applyRules(parsed, Buffer.from(parts.slice(0, index + 1).join('/')), state), rootState(parsed));
}

/** Go's filepath.Match for one component, by trying every length for a star. */
function matchesComponent(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  const [first, rest] = [glob[0]!, glob.slice(1)];
  if (first === '*')
    return Array.from({ length: text.length + 1 }, (_, length) => length).some((length) => matchesComponent(rest, text.slice(length)));
  if (text === '') return false;
  if (first === '?') return matchesComponent(rest, text.slice(1));
  if (first === '\\') return rest[0] === text[0] && matchesComponent(rest.slice(1), text.slice(1));
  if (first === '[') {
    const end = glob.indexOf(']');
    const negated = glob[1] === '^';
    const members = glob.slice(negated ? 2 : 1, end);
    return members.includes(text[0]!) !== negated && matchesComponent(glob.slice(end + 1), text.slice(1));
  }
  return first === text[0] && matchesComponent(rest, text.slice(1));
}

suite('context/ignore-properties', (test) => {
  test('applyRules() decides as the rules do when they are read as regular expressions', () => {
    fc.assert(
      fc.property(rules, path, (lines, of) => {
        const parsed = parseIgnoreFile(Buffer.from(lines.join('\n')), '.dockerignore');
        assert.is(stateOf(parsed, of).excluded, isExcluded(lines, of), `${JSON.stringify(lines)} on ${of}`);
      }),
      { numRuns: 20_000 },
    );
  });

  test('select() finds, without entering what is left out, all that the rules leave', async () => {
    const tree = fc.uniqueArray(path, { minLength: 1, maxLength: 12 }).map((paths) => {
      const folders = new Set(paths.flatMap((one) => one.split('/').map((_, index, parts) => parts.slice(0, index).join('/'))));
      return { folders: [...folders].filter((folder) => folder !== '').sort(), files: paths.filter((one) => !folders.has(one)) };
    });
    await fc.assert(
      fc.asyncProperty(rules, tree, (lines, { folders, files }) =>
        withTempDir(async (directory) => {
          makeTree(directory, [...folders.map((folder) => `d 755 ${folder}`), ...files.map((file) => `f 644 ${file} x`)]);
          const root = openSync(directory, 'r');
          try {
            const [selected] = await new SourceTree(root, {
              place: 'here',
              rules: parseIgnoreFile(Buffer.from(lines.join('\n')), '.dockerignore'),
            }).select(['.']);
            const kept = files.filter((file) => !isExcluded(lines, file));
            const shown = folders.filter((folder) => !isExcluded(lines, folder) || kept.some((file) => file.startsWith(`${folder}/`)));
            // A folder below one that is left out is brought back by itself, and brings back those above it.
            const above = folders.filter((folder) => shown.some((one) => one.startsWith(`${folder}/`)));
            const expected = [...new Set([...kept, ...shown, ...above])].sort();
            assert.equal(
              [...selected!.entries]
                .slice(1)
                .map((entry) => entry.path.toString())
                .sort(),
              expected,
              JSON.stringify(lines),
            );
          } finally {
            closeSync(root);
          }
        }),
      ),
      { numRuns: 400 },
    );
  });

  test('compilePattern() of one component matches as filepath.Match does', () => {
    const glob = fc
      .array(fc.constantFrom('a', 'b', '.', '*', '?', '[ab]', '[^a]', '\\*', '\\a'), { maxLength: 6 })
      .map((parts) => parts.join(''));
    const text = fc.stringMatching(/^[ab.*]{0,6}$/);
    fc.assert(
      fc.property(glob, text, (one, of) => {
        const matches = compilePattern(Buffer.from(one), 'component').matches(codePointsOf(Buffer.from(of)));
        assert.is(matches, matchesComponent(one, of), `${one} on ${of}`);
      }),
      { numRuns: 20_000 },
    );
  });
});
