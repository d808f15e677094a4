import { TsbuildError } from '../errors.js';
import { codePointsOf, showName } from './name-bytes.js';
import { compilePattern, type PathPattern, PatternSyntaxError } from './path-pattern.js';
import { cleanPath } from './rooted-path.js';

/** A line of an ignore file that cannot be used. */
export class IgnoreFileError extends TsbuildError {
  readonly code = 'CONTEXT_INVALID';
  constructor(
    readonly file: string,
    readonly line: number,
    problem: string,
    options?: ErrorOptions & { readonly hint?: string | undefined },
  ) {
    super(`Cannot use ${file} line ${line}: ${problem}`, options);
  }
}

export interface IgnoreRule {
  /** The pattern as written, with its `!`. */
  readonly text: string;
  /** 1-based; 0 for a pattern that comes from no file. */
  readonly line: number;
  readonly negated: boolean;
  readonly pattern: PathPattern;
}

export interface IgnoreRules {
  /** Name of the file for messages, `--exclude` for patterns of that flag. */
  readonly origin: string;
  readonly rules: readonly IgnoreRule[];
  /**
   * `kept`: `!dir/x` brings x back although `dir` is excluded (Docker, `.dockerignore`).
   * `lost`: what lies below an excluded directory stays excluded (Buildah, `.containerignore`).
   */
  readonly belowExcluded: 'kept' | 'lost';
}

/** What the rules say of one path; given back for the paths below it. */
export interface IgnoreState {
  readonly excluded: boolean;
  /** The rule that excluded the path; undefined when it is not excluded. */
  readonly rule: IgnoreRule | undefined;
  /** Per rule 1 if it matches this path or a parent of it. */
  readonly matched: Uint8Array;
  /** Only with `belowExcluded: 'lost'`: nothing below can be included again. */
  readonly final: boolean;
}

/**
 * Read the text of an ignore file: one pattern per line; `#` in column 1 starts a comment; blanks round a pattern go; `!` negates.
 *
 * @param origin name of the file, for messages
 * @throws {IgnoreFileError} `!` without a pattern, or a pattern that does not parse
 * @see https://docs.docker.com/build/concepts/context/#syntax
 */
export function parseIgnoreFile(bytes: Buffer, origin: string, belowExcluded: IgnoreRules['belowExcluded'] = 'kept'): IgnoreRules {
  const start = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  // One byte per character: names in the file need not be UTF-8.
  const lines = bytes.toString('latin1', start).split('\n');
  const rules: IgnoreRule[] = [];
  lines.forEach((line, index) => {
    if (line.startsWith('#')) return;
    const rule = parseRule(trimBlanks(line), origin, index + 1);
    if (rule !== undefined) rules.push(rule);
  });
  return { origin, rules, belowExcluded };
}

/**
 * Rules from single patterns, such as the values of `--exclude`.
 *
 * @throws {IgnoreFileError} as {@link parseIgnoreFile}
 */
export function rulesOf(patterns: readonly string[], origin: string): IgnoreRules {
  const rules = patterns.flatMap((pattern) => parseRule(trimBlanks(Buffer.from(pattern).toString('latin1')), origin, 0) ?? []);
  return { origin, rules, belowExcluded: 'kept' };
}

/** True if the rules exclude `path`, relative and clean, or a directory it lies in. */
export function isExcluded(rules: IgnoreRules, path: string): boolean {
  let state = rootState(rules);
  const parts = path.split('/');
  for (let count = 1; count <= parts.length; count++) state = applyRules(rules, Buffer.from(parts.slice(0, count).join('/')), state);
  return state.excluded;
}

/** State of the root: nothing is excluded yet. */
export function rootState(rules: IgnoreRules): IgnoreState {
  return { excluded: false, rule: undefined, matched: new Uint8Array(rules.rules.length), final: false };
}

/**
 * Apply the rules to a path. The last rule that matches the path or one of its parents decides.
 *
 * @param path relative to the root the rules are about, without leading slash
 * @param parent state of the directory that holds it
 */
export function applyRules(rules: IgnoreRules, path: Uint8Array, parent: IgnoreState): IgnoreState {
  if (parent.final) return parent;
  const points = codePointsOf(path);
  const matched = Uint8Array.from(parent.matched);
  let decisive: IgnoreRule | undefined;
  rules.rules.forEach((rule, index) => {
    if (matched[index] === 0 && rule.pattern.matches(points)) matched[index] = 1;
    if (matched[index] === 1) decisive = rule;
  });
  const excluded = decisive !== undefined && !decisive.negated;
  return { excluded, rule: excluded ? decisive : undefined, matched, final: excluded && rules.belowExcluded === 'lost' };
}

/** Whether something below the excluded directory `path` may be included again, so that it has to be walked. */
export function mayIncludeBelow(rules: IgnoreRules, path: Uint8Array, state: IgnoreState): boolean {
  if (state.final) return false;
  const last = state.matched.lastIndexOf(1);
  const points = codePointsOf(path);
  // Only a rule after the last matching one can change the outcome for a path below.
  return rules.rules.some((rule, index) => index > last && rule.negated && rule.pattern.mayMatchBelow(points));
}

/** `.dockerignore line 3: "*.log"`, or `--exclude "*.log"`. */
export function describeRule(rules: IgnoreRules, rule: IgnoreRule): string {
  const pattern = JSON.stringify(rule.text);
  return rule.line === 0 ? `${rules.origin} ${pattern}` : `${rules.origin} line ${rule.line}: ${pattern}`;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** ASCII blanks only: a byte above 0x7f belongs to a name here. */
function trimBlanks(text: string): string {
  return text.replace(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '');
}

function parseRule(text: string, origin: string, line: number): IgnoreRule | undefined {
  if (text === '') return undefined;
  const negated = text.startsWith('!');
  const written = trimBlanks(negated ? text.slice(1) : text);
  const shown = showName(Buffer.from(text, 'latin1'));
  if (written === '')
    throw new IgnoreFileError(origin, line, 'illegal exclusion pattern: "!"', { hint: 'Write the pattern after the "!"' });
  const cleaned = cleanPath(Buffer.from(written, 'latin1'));
  const relative = cleaned.length > 1 && cleaned[0] === 0x2f ? cleaned.subarray(1) : cleaned;
  try {
    return { text: shown, line, negated, pattern: compilePattern(relative, 'path') };
  } catch (error) {
    if (!(error instanceof PatternSyntaxError)) throw error;
    throw new IgnoreFileError(origin, line, `syntax error in pattern ${JSON.stringify(shown)}: ${error.problem}`, {
      cause: error,
      hint: error.hint,
    });
  }
}
