/** Part of a pattern of `${name#pattern}` and its kin: `*`, `?` or a character that stands for itself. */
type Token = '*' | '?' | { readonly literal: string };

export type ShellPattern = readonly Token[];

/** A pattern that cannot be read: `invalid escape '\x'`. */
export class PatternFault extends Error {}

/**
 * Reads a pattern: `*`, `?` and the escapes `\*`, `\?`, `\\`, `\}` and `\/`; there are no bracket expressions.
 * @throws {PatternFault} any other escape
 */
export function parsePattern(text: string): ShellPattern {
  const tokens: Token[] = [];
  const characters = [...text];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] as string;
    if (character === '*' || character === '?') tokens.push(character);
    else if (character !== '\\') tokens.push({ literal: character });
    else {
      index++;
      const next = characters[index] ?? '';
      if (next === '' || !'*?\\}/'.includes(next)) throw new PatternFault(`invalid escape '\\${next}'`);
      tokens.push({ literal: next });
    }
  }
  return tokens;
}

/** `value` without the shortest (or longest) start that matches. */
export function trimPrefix(value: string, pattern: ShellPattern, longest: boolean): string {
  return value.replace(new RegExp(`^${regexOf(pattern, longest)}`, 'u'), '');
}

/** `value` without the shortest (or longest) end that matches. */
export function trimSuffix(value: string, pattern: ShellPattern, longest: boolean): string {
  // A regular expression finds the leftmost match, not the shortest end: look from the other side.
  return reverse(trimPrefix(reverse(value), [...pattern].reverse(), longest));
}

/** `value` with the first match, or all of them, replaced; each match as long as it can be. */
export function replacePattern(value: string, pattern: ShellPattern, replacement: string, all: boolean): string {
  let end = -1;
  return value.replace(new RegExp(regexOf(pattern, true), all ? 'gu' : 'u'), (match: string, offset: number) => {
    // What a match has just ended on is no empty match of its own, as in Go and in shells.
    const isOwn = match !== '' || offset !== end;
    end = offset + match.length;
    return isOwn ? replacement : '';
  });
}

function regexOf(pattern: ShellPattern, longest: boolean): string {
  return pattern
    .map((token) => {
      if (token === '*') return longest ? '[^\\n]*' : '[^\\n]*?';
      if (token === '?') return '[^\\n]';
      return token.literal.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    })
    .join('');
}

function reverse(text: string): string {
  return [...text].reverse().join('');
}
