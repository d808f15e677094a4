import { isSpace, trimSpaceEnd, trimSpaceStart } from './blank.js';
import { type Directives, type Escape, type ParsedDirective, parseDirective, syntaxElsewhere } from './directives.js';
import { splitFlags } from './flags.js';
import { findHeredocs, type Heredoc, type HeredocWord } from './heredoc.js';
import { isJsonArray } from './json-form.js';
import { lineStarts, type Source, type SourceRange } from './source.js';
import { type ContainerfileSyntaxError, syntaxErrorAt } from './syntax-error.js';

/** An instruction as the lines give it: where it is and its text on one logical line, nothing interpreted. */
export interface ScannedInstruction {
  /** All its lines, heredoc bodies included. */
  readonly range: SourceRange;
  /** Continued lines joined, comments and empty lines left out, blanks at both ends removed; no heredoc bodies. */
  readonly line: string;
  /** Which source offsets the parts of `line` come from. */
  readonly segments: readonly Segment[];
  readonly heredocs: readonly Heredoc[];
  /** The words of `line` that announce the heredocs, in the same order. */
  readonly heredocWords: readonly HeredocWord[];
  /** The comment lines directly above, without `#` and blanks around. */
  readonly comments: readonly string[];
  /** Lines inside the instruction that are blank though the line before is continued, from 1. */
  readonly emptyContinuations: readonly number[];
}

interface Segment {
  /** Index in the logical line; below 0 when its first characters were trimmed. */
  readonly at: number;
  /** Source offset of that character. */
  readonly offset: number;
}

export interface ScanResult {
  readonly directives: Directives;
  readonly instructions: readonly ScannedInstruction[];
  /** Makes the source with everything a line-based reader could trip over blanked out: same length, same lines, same offsets. */
  readonly masked: () => string;
  readonly errors: readonly ContainerfileSyntaxError[];
}

/** The source offset of the character at `index` of an instruction's logical line. */
export function sourceOffset(instruction: Pick<ScannedInstruction, 'segments'>, index: number): number {
  let low = 0;
  let high = instruction.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((instruction.segments[middle]?.at ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const segment = instruction.segments[low];
  return segment === undefined ? 0 : segment.offset + index - segment.at;
}

/**
 * Splits a Containerfile into instructions by BuildKit's rules for directives, comments, continuation and heredocs.
 * Never throws; what is wrong with the lines themselves is in `errors`.
 */
export function scanSource(source: Source): ScanResult {
  return new Scanner(source).scan();
}

const BLANKS = '\t\v\f\r ';

class Scanner {
  private readonly starts: readonly number[];
  /** Index of the next line, from 0. */
  private next = 0;
  private readonly masks: (() => string)[] = [];
  private readonly instructions: ScannedInstruction[] = [];
  private readonly errors: ContainerfileSyntaxError[] = [];
  private comments: string[] = [];
  private escape: Escape = '\\';

  constructor(private readonly source: Source) {
    this.starts = lineStarts(source.text);
  }

  scan(): ScanResult {
    const directives = this.directives();
    while (this.next < this.lineCount()) this.instruction();
    return { directives, instructions: this.instructions, masked: () => this.masks.map((mask) => mask()).join(''), errors: this.errors };
  }

  /** A text that ends in a line feed has no further, empty line. */
  private lineCount(): number {
    const last = this.starts.length;
    return this.starts[last - 1] === this.source.text.length ? last - 1 : last;
  }

  private lineStart(index: number): number {
    return this.starts[index] ?? this.source.text.length;
  }

  /** Line `index` with its line feed. */
  private rawLine(index: number): string {
    return this.source.text.slice(this.lineStart(index), this.lineStart(index + 1));
  }

  private directives(): Directives {
    const found = new Map<ParsedDirective['name'], string>();
    for (; this.next < this.lineCount(); this.next++) {
      const line = withoutMark(withoutLineEnd(this.rawLine(this.next)));
      const directive = parseDirective(trimSpaceStart(line));
      if (directive === undefined) break;
      const at = this.lineStart(this.next) + this.rawLine(this.next).indexOf('#');
      if (found.has(directive.name)) this.fault(at, `only one ${directive.name} parser directive can be used`);
      else found.set(directive.name, directive.value);
      if (directive.name === 'escape') {
        if (directive.value === '\\' || directive.value === '`') this.escape = directive.value;
        else this.fault(at, `invalid escape token '${directive.value}' does not match \` or \\`);
      }
      this.maskAway(this.next);
    }
    const syntax = (found.get('syntax') ?? syntaxElsewhere(this.source.text))?.split(/\s/)[0];
    const check = found.get('check');
    return { escape: this.escape, ...(syntax !== undefined && { syntax }), ...(check !== undefined && { check }) };
  }

  /** Reads one instruction, or skips one comment or blank line. */
  private instruction(): void {
    const first = this.next;
    const start = this.lineStart(first);
    const bom = first === 0 && this.source.text.startsWith('\ufeff') ? 1 : 0;
    const raw = withoutLineEnd(this.rawLine(first)).slice(bom);
    const stripped = trimSpaceStart(raw);
    this.next++;
    if (stripped.startsWith('#')) {
      this.comments.push(stripped.slice(1).trim());
      this.maskAway(first);
      return;
    }
    let { text, continued } = this.trimContinuation(stripped);
    if (text === '' && !continued) {
      this.comments = [];
      this.maskAway(first);
      return;
    }
    const segments: Segment[] = [{ at: 0, offset: start + bom + raw.length - stripped.length }];
    const emptyContinuations: number[] = [];
    let begun = trimSpaceStart(text) !== '';
    this.maskCode(first, begun && continued && this.next < this.lineCount(), bom + raw.length - stripped.length);
    while (continued && this.next < this.lineCount()) {
      const index = this.next++;
      const line = withoutLineEnd(this.rawLine(index));
      const visible = trimSpaceStart(line);
      if (visible.startsWith('#')) this.maskAway(index);
      else if (visible === '') {
        emptyContinuations.push(index + 1);
        this.maskAway(index);
      } else {
        const part = this.trimContinuation(line);
        segments.push({ at: text.length, offset: this.lineStart(index) });
        text += part.text;
        continued = part.continued;
        const leading = begun ? 0 : line.length - visible.length;
        begun ||= trimSpaceStart(part.text) !== '';
        this.maskCode(index, begun && continued && this.next < this.lineCount(), leading);
      }
    }
    this.finish(first, text, segments, emptyContinuations);
  }

  private finish(first: number, text: string, segments: readonly Segment[], emptyContinuations: readonly number[]): void {
    const comments = this.comments;
    this.comments = [];
    const visible = trimSpaceStart(text);
    const lead = text.length - visible.length;
    const line = trimSpaceEnd(visible);
    if (line === '') return;
    const shifted = lead === 0 ? segments : segments.map(({ at, offset }) => ({ at: at - lead, offset }));
    const heredocWords = mayHoldHeredoc(line, this.escape) ? findHeredocs(line) : [];
    const start = sourceOffset({ segments: shifted }, 0);
    const heredocs = heredocWords.map((word) => this.heredocBody(word, sourceOffset({ segments: shifted }, word.start)));
    const end = this.lineStart(this.next - 1) + withoutLineEnd(this.rawLine(this.next - 1)).length;
    this.instructions.push({
      range: { startLine: this.lineOf(first, start), endLine: this.next, start, end },
      line,
      segments: shifted,
      heredocs,
      heredocWords,
      comments,
      emptyContinuations,
    });
  }

  /** The line the text really begins on, when lines with only an escape character came before. */
  private lineOf(first: number, offset: number): number {
    let index = first;
    while (this.lineStart(index + 1) <= offset && index + 1 < this.lineCount()) index++;
    return index + 1;
  }

  private heredocBody({ name, fd, stripTabs, expand }: HeredocWord, announcedAt: number): Heredoc {
    let content = '';
    while (this.next < this.lineCount()) {
      const index = this.next++;
      const raw = this.rawLine(index);
      const line = withoutLineEnd(raw);
      this.maskAway(index);
      if ((stripTabs ? line.replace(/^\t+/, '') : line) === name) return { name, fd, stripTabs, expand, content };
      content += raw;
    }
    this.fault(announcedAt, 'unterminated heredoc', `No line holds just ${JSON.stringify(name)}, which would end it.`);
    return { name, fd, stripTabs, expand, content };
  }

  private trimContinuation(line: string): { text: string; continued: boolean } {
    let end = line.length;
    while (end > 0 && (line.charAt(end - 1) === ' ' || line.charAt(end - 1) === '\t')) end--;
    const continued = line.charAt(end - 1) === this.escape && line.charAt(end - 2) !== this.escape;
    return continued ? { text: line.slice(0, end - 1), continued } : { text: line, continued };
  }

  private maskAway(index: number): void {
    this.masks.push(() => this.rawLine(index).replace(/[^\n]/g, ' '));
  }

  /** A line of an instruction: only what could be taken for something else is covered. A real continuation is always a backslash. */
  private maskCode(index: number, continued: boolean, leading: number): void {
    this.masks.push(() => this.maskedCode(index, continued, leading));
  }

  private maskedCode(index: number, continued: boolean, leading: number): string {
    const raw = this.rawLine(index);
    const covered = UNSAFE.test(raw)
      ? raw
          .replace(/<</g, '__')
          .replace(/[\\`]/g, '_')
          .replace(/[\v\f\r]/g, ' ')
      : raw;
    let text = leading > 0 ? ' '.repeat(leading) + covered.slice(leading) : covered;
    const escapeAt = trimSpaceEnd(raw).length - 1;
    if (continued) text = `${text.slice(0, escapeAt)}\\${text.slice(escapeAt + 1)}`;
    else if (this.trimContinuation(withoutLineEnd(raw)).continued) text = `${text.slice(0, escapeAt)} ${text.slice(escapeAt + 1)}`;
    return text;
  }

  private fault(offset: number, problem: string, hint?: string): void {
    this.errors.push(syntaxErrorAt(this.source, offset, problem, { hint }));
  }
}

const UNSAFE = /[\\`\v\f\r]|<</;

function withoutMark(line: string): string {
  return line.startsWith('\ufeff') ? line.slice(1) : line;
}

function withoutLineEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line.charCodeAt(end - 1) === 0x0a || line.charCodeAt(end - 1) === 0x0d)) end--;
  return line.slice(0, end);
}

/** RUN, COPY and ADD, also under ONBUILD, unless their arguments are JSON. */
function mayHoldHeredoc(line: string, escapeCharacter: Escape): boolean {
  if (!line.includes('<<')) return false;
  const { keyword, rest } = splitKeyword(line);
  if (keyword.toUpperCase() === 'ONBUILD') return mayHoldHeredoc(rest, escapeCharacter);
  if (!['RUN', 'COPY', 'ADD'].includes(keyword.toUpperCase())) return false;
  return !isJsonArray(splitFlags({ text: rest, at: 0 }, escapeCharacter).rest.text);
}

/** The first word of a logical line and what follows the blanks after it. */
export function splitKeyword(line: string): { readonly keyword: string; readonly rest: string; readonly restAt: number } {
  let end = 0;
  while (end < line.length && !BLANKS.includes(line.charAt(end))) end++;
  let restAt = end;
  while (restAt < line.length && isSpace(line.charAt(restAt))) restAt++;
  return { keyword: line.slice(0, end), rest: line.slice(restAt), restAt };
}
