import { ExpansionError, splitShellWords, unquoteWord } from './expand.js';

/** A here-document as an instruction holds it. */
export interface Heredoc {
  /** The delimiter with quotes and escapes removed; COPY and ADD name the file after it. */
  readonly name: string;
  /** File descriptor written before `<<`, 0 when none is. */
  readonly fd: number;
  /** `<<-`: leading tabs of the body and of the terminator line do not count. */
  readonly stripTabs: boolean;
  /** Variables in the body are expanded; any quote in the delimiter forbids it. */
  readonly expand: boolean;
  /** The body as written, tabs and all, each line with its line end. */
  readonly content: string;
}

/** The `<<WORD` of an instruction line that announces a heredoc. */
export interface HeredocWord extends Omit<Heredoc, 'content'> {
  /** Index in the logical line. */
  readonly start: number;
  /** Index after the word. */
  readonly end: number;
}

const HEREDOC = /^(\d*)<<(-?)[\t\n\v\f\r ]*([^<]+)$/;
const LONE_OPERATOR = /^\d*<<-?$/;

/**
 * The heredocs a line announces, in order. A line whose quotes or braces do not close announces none.
 * `<<` inside quotes, in `$((1 << 2))` and as `<<<` is no heredoc; `<< WORD` is one.
 */
export function findHeredocs(line: string): HeredocWord[] {
  if (!line.includes('<<')) return [];
  try {
    const words = splitShellWords(line);
    const found: HeredocWord[] = [];
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      const next = words[index + 1];
      if (word === undefined) break;
      const apart = LONE_OPERATOR.test(word.text) && next !== undefined && !insideArithmetic(line.slice(0, word.start));
      const text = apart ? word.text + next.text : word.text;
      const heredoc = parseHeredocWord(text);
      if (heredoc === undefined) continue;
      found.push({ ...heredoc, start: word.start, end: apart ? next.end : word.end });
      if (apart) index++;
    }
    return found;
  } catch (error) {
    if (error instanceof ExpansionError) return [];
    throw error;
  }
}

/** The body without the tabs `<<-` strips. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.stripTabs ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}

/** The first line of the body, with an ellipsis when there are more: what progress lines show. */
export function summarizeHeredoc(heredoc: Heredoc): string {
  const [first = '', ...more] = heredoc.content.trim().split(/\r?\n/);
  return more.length > 0 ? `${first}...` : first;
}

function parseHeredocWord(text: string): Omit<HeredocWord, 'start' | 'end'> | undefined {
  const match = HEREDOC.exec(text);
  const delimiter = match?.[3];
  if (match === null || delimiter === undefined) return undefined;
  const name = unquoteWord(delimiter);
  if (name === '') return undefined;
  const quotes = (word: string): number => word.replace(/[^'"]/g, '').length;
  return { name, fd: Number(match[1] ?? ''), stripTabs: match[2] === '-', expand: quotes(name) === quotes(delimiter) };
}

/** True inside `((`: there `<<` shifts. */
function insideArithmetic(before: string): boolean {
  return before.split('((').length > before.split('))').length;
}
