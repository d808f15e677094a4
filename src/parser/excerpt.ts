import { maskPasswords } from '../url-passwords.js';
import type { ContainerfileSyntaxError, SyntaxErrorFacts } from './syntax-error.js';

const MAX_WIDTH = 160;

/**
 * The source lines of a place with a caret under the place, as text of several lines without a final line feed:
 *
 * ```
 *    2 | FROM scratch
 * >> 3 | FOO bar
 *      | ^
 * ```
 * Control characters become blanks; a line too long for a terminal is cut around the caret.
 */
export function formatExcerpt(error: Pick<SyntaxErrorFacts, 'line' | 'column' | 'sourceLines'>): string {
  const width = String(error.line).length;
  const rows: string[] = [];
  for (const { line, text } of error.sourceLines) {
    const here = line === error.line;
    const from = here && error.column > MAX_WIDTH - 20 ? error.column - MAX_WIDTH / 2 : 0;
    const shown = printable(maskPasswords(text).slice(from, from + MAX_WIDTH));
    rows.push(`${here ? '>>' : '  '} ${String(line).padStart(width)} | ${shown}`.trimEnd());
    if (here) rows.push(`   ${' '.repeat(width)} | ${' '.repeat(Math.max(0, error.column - 1 - from))}^`);
  }
  return rows.join('\n');
}

/**
 * All errors of `error` for a person: for each the sentence, the excerpt and the hint.
 */
export function formatSyntaxError(error: ContainerfileSyntaxError): string {
  return error.errors
    .map((one) => {
      const hint = one.hint === undefined ? '' : `\n${one.hint}`;
      return `${one.file}:${one.line}:${one.column}: ${one.problem}\n${formatExcerpt(one)}${hint}`;
    })
    .join('\n\n');
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
