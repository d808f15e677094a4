import { TsbuildError } from '../errors.js';
import { codePointsOf, showName } from './name-bytes.js';

/** A wildcard pattern that cannot be read: a class without end, a range without upper bound, a backslash at the end. */
export class PatternSyntaxError extends TsbuildError {
  readonly code = 'CONTEXT_INVALID';
  constructor(
    readonly pattern: string,
    readonly problem: string,
  ) {
    super(`Invalid pattern ${JSON.stringify(pattern)}: ${problem}`, { hint: 'Put a backslash before a character that is meant literally' });
  }
}

/** One compiled pattern. Paths are given as code points (`codePointsOf`), so that a path is decoded once for many patterns. */
export interface PathPattern {
  /** Whether the whole path matches. */
  matches(path: readonly number[]): boolean;
  /** Whether some path below the directory `path` may match. Never false for a directory that holds a match. */
  mayMatchBelow(path: readonly number[]): boolean;
}

/** `component`: Go's filepath.Match. `path`: `**` in addition takes any number of directories, as in ignore files. */
export type PatternKind = 'component' | 'path';

type Token =
  | { readonly kind: 'point'; readonly point: number }
  | { readonly kind: 'any' } // one character but a slash
  | { readonly kind: 'star' } // any run without a slash
  | { readonly kind: 'all' } // any run
  | { readonly kind: 'directories' } // nothing, or any run that ends in a slash
  | { readonly kind: 'inside' } // second half of `directories`: inside that run
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

const SLASH = 0x2f;

/**
 * Compile a pattern. Matching takes time proportional to path length times pattern length, whatever the pattern.
 *
 * @throws {PatternSyntaxError} where Go's filepath.Match gives ErrBadPattern
 * @see https://pkg.go.dev/path/filepath#Match
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function compilePattern(pattern: Uint8Array, kind: PatternKind): PathPattern {
  const points = codePointsOf(pattern);
  const tokens = tokensOf(points, kind, (problem) => new PatternSyntaxError(showName(pattern), problem));
  if (tokens.every((token) => token.kind === 'point')) return literalPattern(tokens.map((token) => token.point));
  const suffix: number[] = [];
  for (let at = tokens.length - 1; at >= 0; at--) {
    const token = tokens[at] as Token;
    if (token.kind !== 'point') break;
    suffix.unshift(token.point);
  }
  return {
    // Most paths fail on the fixed end of the pattern (`*.log`), which is cheaper to look at than a run of the automaton.
    matches: (path) => endsWith(path, suffix) && run(tokens, path)[tokens.length] === 1,
    mayMatchBelow: (path) => run(tokens, [...path, SLASH]).indexOf(1) !== -1,
  };
}

function literalPattern(literal: readonly number[]): PathPattern {
  const startsWith = (long: readonly number[], short: readonly number[]) => short.every((point, index) => long[index] === point);
  return {
    matches: (path) => path.length === literal.length && startsWith(path, literal),
    mayMatchBelow: (path) => literal.length > path.length && literal[path.length] === SLASH && startsWith(literal, path),
  };
}

function endsWith(path: readonly number[], suffix: readonly number[]): boolean {
  const offset = path.length - suffix.length;
  return offset >= 0 && suffix.every((point, index) => path[offset + index] === point);
}

/** Feed `path` to the automaton; result[n] is 1 when the first n tokens can have taken exactly the whole path. */
function run(tokens: readonly Token[], path: readonly number[]): Uint8Array {
  let active = new Uint8Array(tokens.length + 1);
  let next = new Uint8Array(tokens.length + 1);
  enter(tokens, active, 0);
  for (const point of path) {
    next.fill(0);
    let alive = false;
    for (let state = 0; state < tokens.length; state++) {
      if (active[state] === 1 && step(tokens, next, state, point)) alive = true;
    }
    [active, next] = [next, active];
    if (!alive) break;
  }
  return active;
}

/** Mark `state` and every state that is reached from it without a character. */
function enter(tokens: readonly Token[], active: Uint8Array, state: number): void {
  active[state] = 1;
  const kind = tokens[state]?.kind;
  if (kind === 'star' || kind === 'all') enter(tokens, active, state + 1);
  else if (kind === 'directories') {
    active[state + 1] = 1;
    enter(tokens, active, state + 2);
  }
}

/** Take one character in `state`; returns whether any state follows. */
function step(tokens: readonly Token[], next: Uint8Array, state: number, point: number): boolean {
  const token = tokens[state] as Token;
  switch (token.kind) {
    case 'point':
      if (token.point !== point) return false;
      break;
    case 'any':
      if (point === SLASH) return false;
      break;
    case 'class':
      if (token.ranges.some(([low, high]) => low <= point && point <= high) === token.negated) return false;
      break;
    case 'star':
      if (point === SLASH) return false;
      enter(tokens, next, state);
      return true;
    case 'all':
      enter(tokens, next, state);
      return true;
    case 'inside':
      next[state] = 1;
      if (point === SLASH) enter(tokens, next, state + 1);
      return true;
    case 'directories':
      return false; // its second half, entered together with it, takes the characters
  }
  enter(tokens, next, state + 1);
  return true;
}

function tokensOf(points: readonly number[], kind: PatternKind, fail: (problem: string) => PatternSyntaxError): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < points.length; ) {
    const char = charAt(points, at);
    if (char === '*') {
      const double = kind === 'path' && charAt(points, at + 1) === '*';
      if (!double) tokens.push({ kind: 'star' });
      else at = doubleStar(points, at, tokens);
      if (!double) at++;
    } else if (char === '?') {
      tokens.push({ kind: 'any' });
      at++;
    } else if (char === '[') {
      at = classAt(points, at, tokens, fail);
    } else if (char === '\\') {
      if (at + 1 === points.length) throw fail('a backslash at the end escapes nothing');
      tokens.push({ kind: 'point', point: points[at + 1] as number });
      at += 2;
    } else {
      tokens.push({ kind: 'point', point: points[at] as number });
      at++;
    }
  }
  return tokens;
}

function charAt(points: readonly number[], at: number): string {
  const point = points[at];
  return point === undefined ? '' : String.fromCodePoint(point);
}

/** `**` at the end takes everything; elsewhere it takes whole directories, together with the slash that follows it. */
function doubleStar(points: readonly number[], at: number, tokens: Token[]): number {
  let after = at + 2;
  if (charAt(points, after) === '/') after++;
  const rest = points.slice(after);
  const plainRest = rest.every((point) => !'*?[]\\'.includes(String.fromCodePoint(point)));
  // moby compares `**text` by suffix, so there `**` also takes a part of a name; only at the start, and only before plain text.
  if (rest.length === 0 || (at === 0 && after === 2 && plainRest)) tokens.push({ kind: 'all' });
  else tokens.push({ kind: 'directories' }, { kind: 'inside' });
  return after;
}

function classAt(points: readonly number[], start: number, tokens: Token[], fail: (problem: string) => PatternSyntaxError): number {
  let at = start + 1;
  const negated = charAt(points, at) === '^';
  if (negated) at++;
  const ranges: [number, number][] = [];
  const bound = (): number => {
    const char = charAt(points, at);
    if (char === '-' || char === ']') throw fail(`"${char}" stands where a character of the class is expected`);
    if (char === '\\') at++;
    const point = points[at++];
    if (point === undefined || at === points.length) throw fail('the character class has no "]"');
    return point;
  };
  while (charAt(points, at) !== ']' || ranges.length === 0) {
    if (at >= points.length) throw fail('the character class has no "]"');
    const low = bound();
    if (charAt(points, at) === '-') {
      at++;
      ranges.push([low, bound()]);
    } else {
      ranges.push([low, low]);
    }
  }
  tokens.push({ kind: 'class', negated, ranges });
  return at + 1;
}
