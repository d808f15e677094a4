import { isSpace } from './blank.js';
import type { Escape } from './directives.js';
import { PatternFault, parsePattern, replacePattern, trimPrefix, trimSuffix } from './shell-pattern.js';

/** The value of a variable, `undefined` when it is not set (which is not the same as empty). */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  readonly lookup: Lookup;
  /** The file's escape character; a backslash unless given. */
  readonly escape?: Escape;
  /** Told the name of each variable that was used and is not set. */
  readonly onUnset?: (name: string) => void;
}

/** A word that cannot be expanded: unbalanced quotes, a bad substitution, a variable that must be set and is not. */
export class ExpansionError extends Error {
  constructor(
    readonly word: string,
    readonly problem: string,
  ) {
    super(`failed to process ${JSON.stringify(word)}: ${problem}`);
  }
}

/** What makes a word more than itself. */
const SPECIAL = ["'", '"', '$', '\\', '`'];

/**
 * Replaces the variables in `text`, removes quotes and resolves escapes. Blanks stay as they are.
 *
 * Forms: `$v ${v} ${v-w} ${v:-w} ${v+w} ${v:+w} ${v?m} ${v:?m} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}`; words nest.
 * An unset variable is the empty string.
 * @throws {ExpansionError}
 */
export function expandWord(text: string, options: ExpandOptions): string {
  if (!SPECIAL.some((character) => text.includes(character))) return text;
  return guarded(text, () => new Expander(text, options, { quotes: 'remove' }).run().text);
}

/**
 * Like {@link expandWord}, split at the blanks that are in no quotes; also at blanks that came out of a variable.
 * @throws {ExpansionError}
 */
export function expandWords(text: string, options: ExpandOptions): string[] {
  return guarded(text, () => new Expander(text, options, { quotes: 'remove' }).run().words.map((word) => word.text));
}

/**
 * Expands the body of a heredoc: quotes are text like any other, a backslash (whatever the file's escape character) takes the special
 * meaning from the next character and is removed.
 * @throws {ExpansionError}
 */
export function expandHeredoc(text: string, options: ExpandOptions): string {
  if (!/[$\\]/.test(text)) return text;
  return guarded(text, () => new Expander(text, { ...options, escape: '\\' }, { quotes: 'plain' }).run().text);
}

/** A word of a line as written. */
export interface RawWord {
  readonly text: string;
  /** Index of its first character in the line. */
  readonly start: number;
  /** Index after its last character. */
  readonly end: number;
}

/**
 * Splits a line into words the way a shell would, and changes nothing in them: quotes, escapes and variables stay.
 * @throws {ExpansionError} quotes or braces that do not close
 */
export function splitShellWords(line: string): RawWord[] {
  const options: ExpandOptions = { lookup: () => undefined };
  return guarded(line, () => new Expander(line, options, { quotes: 'keep', keepEscapes: true, keepUnset: true }).run().words);
}

/**
 * The text of one shell word with quotes and escapes removed and variables left alone.
 * @throws {ExpansionError} quotes or braces that do not close
 */
export function unquoteWord(text: string): string {
  return guarded(text, () => new Expander(text, { lookup: () => undefined }, { quotes: 'remove', keepUnset: true }).run().text);
}

function guarded<T>(text: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LexFault || error instanceof PatternFault) throw new ExpansionError(text, error.message);
    throw error;
  }
}

class LexFault extends Error {}

interface Mode {
  /** `remove`: as a shell; `keep`: honoured but left in; `plain`: characters like any other. */
  readonly quotes: 'remove' | 'keep' | 'plain';
  /** Leave the escape character in front of what it escapes. */
  readonly keepEscapes?: boolean;
  /** Leave substitutions of unset variables as they are written. */
  readonly keepUnset?: boolean;
}

/** Words nested deeper than this are no honest Containerfile, and would only exhaust the stack. */
const MAX_DEPTH = 200;

/** One pass over one text. `position` only ever grows. */
class Expander {
  private position = 0;
  private depth = 0;
  private readonly escape: Escape;

  constructor(
    private readonly source: string,
    private readonly options: ExpandOptions,
    private readonly mode: Mode,
  ) {
    this.escape = options.escape ?? '\\';
  }

  /** Reads to `stop`, which is consumed, or to the end of the text. */
  run(stop?: string, keepEscapes = this.mode.keepEscapes ?? false): { text: string; words: RawWord[] } {
    const { source } = this;
    const words = new WordCollector();
    let text = '';
    while (this.position < source.length) {
      const start = this.position;
      const character = source.charAt(start);
      if (character === stop) {
        this.position++;
        return { text, words: words.finish(start) };
      }
      if (character === '$') {
        const value = this.substitution();
        text += value;
        words.addValue(value, start, this.position);
      } else if ((character === "'" || character === '"') && this.mode.quotes !== 'plain') {
        const quoted = character === "'" ? this.singleQuoted() : this.doubleQuoted(keepEscapes);
        text += quoted;
        words.addText(quoted, start);
      } else if (character === this.escape) {
        const escaped = source.charAt(start + 1);
        this.position = Math.min(start + 2, source.length);
        const kept = keepEscapes ? character + escaped : escaped;
        text += kept;
        if (kept !== '') words.addText(kept, start);
      } else {
        this.position++;
        text += character;
        if (isSpace(character)) words.finish(start);
        else words.addText(character, start);
      }
    }
    if (stop !== undefined) throw new LexFault(`unexpected end of statement while looking for matching ${stop}`);
    return { text, words: words.finish(this.position) };
  }

  private singleQuoted(): string {
    const end = this.source.indexOf("'", this.position + 1);
    if (end === -1) throw new LexFault('unexpected end of statement while looking for matching single-quote');
    const start = this.position;
    this.position = end + 1;
    return this.mode.quotes === 'keep' ? this.source.slice(start, end + 1) : this.source.slice(start + 1, end);
  }

  private doubleQuoted(keepEscapes: boolean): string {
    const { source } = this;
    const quote = this.mode.quotes === 'keep' ? '"' : '';
    let text = quote;
    this.position++;
    while (this.position < source.length) {
      const character = source.charAt(this.position);
      if (character === '$') {
        text += this.substitution();
        continue;
      }
      this.position++;
      if (character === '"') return text + quote;
      if (character !== this.escape) {
        text += character;
        continue;
      }
      const next = source.charAt(this.position);
      if (next === '') break;
      if (next === '"' || next === '$' || next === this.escape) {
        text += keepEscapes ? character + next : next;
        this.position++;
      } else text += character;
    }
    throw new LexFault('unexpected end of statement while looking for matching double-quote');
  }

  /** `$name` or `${...}`; the position is on the dollar sign. */
  private substitution(): string {
    if (++this.depth > MAX_DEPTH) throw new LexFault('syntax error: bad substitution');
    const start = this.position++;
    const value = this.source.charAt(this.position) === '{' ? this.braced() : this.named();
    this.depth--;
    return value === undefined ? this.source.slice(start, this.position) : value;
  }

  /** @returns `undefined`: leave it as written */
  private named(): string | undefined {
    const name = this.name();
    return name === '' ? '$' : this.plain(name);
  }

  private plain(name: string): string | undefined {
    return this.value(name) ?? (this.mode.keepUnset ? undefined : '');
  }

  private braced(): string | undefined {
    this.position++;
    const first = this.source.charAt(this.position);
    if (first === '') throw new LexFault("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw new LexFault('syntax error: bad substitution');
    const name = this.name();
    const operator = this.source.charAt(this.position++);
    switch (operator) {
      case '}':
        return this.plain(name);
      case ':': {
        const second = this.source.charAt(this.position++);
        if (second !== '-' && second !== '+' && second !== '?') throw new LexFault(`unsupported modifier (:${second}) in substitution`);
        return this.conditional(name, second, true);
      }
      case '-':
      case '+':
      case '?':
        return this.conditional(name, operator, false);
      case '#':
      case '%':
        return this.trimmed(name, operator);
      case '/':
        return this.replaced(name);
      case '':
        throw new LexFault("syntax error: missing '}'");
      default:
        throw new LexFault(`unsupported modifier (${operator}) in substitution`);
    }
  }

  private conditional(name: string, operator: '-' | '+' | '?', emptyIsUnset: boolean): string | undefined {
    const word = this.upTo('}', false, "syntax error: missing '}'");
    const value = this.options.lookup(name);
    if (value === undefined && this.mode.keepUnset) return undefined;
    const missing = value === undefined || (emptyIsUnset && value === '');
    if (operator === '-') return missing ? word : value;
    if (operator === '+') return missing ? '' : word;
    if (!missing) return value;
    const otherwise = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
    throw new LexFault(`${name}: ${word === '' ? otherwise : word}`);
  }

  private trimmed(name: string, operator: '#' | '%'): string | undefined {
    const word = this.upTo('}', true, "syntax error: missing '}'");
    const value = this.value(name);
    if (value === undefined && this.mode.keepUnset) return undefined;
    const longest = word.startsWith(operator);
    const pattern = this.pattern(longest ? word.slice(1) : word);
    return operator === '#' ? trimPrefix(value ?? '', pattern, longest) : trimSuffix(value ?? '', pattern, longest);
  }

  private replaced(name: string): string | undefined {
    const all = this.source.charAt(this.position) === '/';
    if (all) this.position++;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: BuildKit's words
    const word = this.upTo('/', true, "syntax error: missing '/' in ${}");
    const replacement = this.upTo('}', true, "syntax error: missing '}'");
    const value = this.value(name);
    if (value === undefined && this.mode.keepUnset) return undefined;
    return replacePattern(value ?? '', this.pattern(word), replacement, all);
  }

  private pattern(text: string): ReturnType<typeof parsePattern> {
    try {
      return parsePattern(text);
    } catch (error) {
      if (error instanceof PatternFault) throw new PatternFault(`invalid pattern (${text}) in substitution: ${error.message}`);
      throw error;
    }
  }

  private upTo(stop: string, keepEscapes: boolean, atEnd: string): string {
    try {
      return this.run(stop, keepEscapes).text;
    } catch (error) {
      if (error instanceof LexFault && this.position >= this.source.length) throw new LexFault(atEnd);
      throw error;
    }
  }

  private value(name: string): string | undefined {
    const value = this.options.lookup(name);
    if (value === undefined) this.options.onUnset?.(name);
    return value;
  }

  /** Letters, digits and `_`; a number; or one of the special parameters, which are never set here. */
  private name(): string {
    namePattern ??= /\p{Nd}+|[@*#?\-$!]|[\p{L}\p{Nd}_]+/uy;
    const rest = namePattern;
    rest.lastIndex = this.position;
    const name = rest.exec(this.source)?.[0] ?? '';
    this.position += name.length;
    return name;
  }
}

/** Made for the first variable: making Unicode's classes takes as long as reading a file without any. */
let namePattern: RegExp | undefined;

class WordCollector {
  private readonly words: RawWord[] = [];
  private text = '';
  private start = -1;

  addText(text: string, start: number): void {
    if (this.start === -1) this.start = start;
    this.text += text;
  }

  /** What a variable gave: its blanks split words. */
  addValue(value: string, start: number, end: number): void {
    for (const character of value) {
      if (isSpace(character)) this.finish(end);
      else this.addText(character, start);
    }
  }

  /** Ends the word at hand, if there is one. */
  finish(end: number): RawWord[] {
    if (this.text !== '') this.words.push({ text: this.text, start: this.start, end });
    this.text = '';
    this.start = -1;
    return this.words;
  }
}
