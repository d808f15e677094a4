import { TsbuildError } from '../errors.js';
import { withoutPasswords } from '../url-passwords.js';
import { lineStarts, positionAt, type Source } from './source.js';

/** One line of the source, for an excerpt. */
export interface SourceLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface SyntaxErrorFacts {
  /** Name of the Containerfile. */
  readonly file: string;
  /** Line the caret is on, from 1. */
  readonly line: number;
  /** Column of the caret, from 1, in UTF-16 units. */
  readonly column: number;
  /** Last line of the instruction in question, from 1. */
  readonly endLine: number;
  /** The line of the caret with at most one line before it. */
  readonly sourceLines: readonly SourceLine[];
}

/**
 * A Containerfile that cannot be built as written. The message begins with the words BuildKit uses for the same mistake, since people
 * search for those. Several independent mistakes of one file come as one error: `errors` lists them all, the other fields are those
 * of the first.
 */
export class ContainerfileSyntaxError extends TsbuildError implements SyntaxErrorFacts {
  readonly code = 'CONTAINERFILE_SYNTAX';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly sourceLines: readonly SourceLine[];
  /** The sentence without file and line. */
  readonly problem: string;
  /** Every mistake found, in file order; only this error itself when it is the single one. */
  readonly errors: readonly ContainerfileSyntaxError[];

  constructor(
    problem: string,
    facts: SyntaxErrorFacts,
    options?: ErrorOptions & { readonly hint?: string | undefined; readonly others?: readonly ContainerfileSyntaxError[] },
  ) {
    super(`${facts.file}:${facts.line}: ${problem}`, options);
    this.problem = problem;
    this.file = facts.file;
    this.line = facts.line;
    this.column = facts.column;
    this.endLine = facts.endLine;
    this.sourceLines = facts.sourceLines;
    this.errors = [this, ...(options?.others ?? [])];
  }
}

/** Makes the error for `problem` at `offset` of `source`, with the lines an excerpt needs. */
export function syntaxErrorAt(
  source: Source,
  offset: number,
  problem: string,
  options: ErrorOptions & { readonly endLine?: number; readonly hint?: string | undefined } = {},
): ContainerfileSyntaxError {
  const starts = lineStarts(source.text);
  const { line, column } = positionAt(starts, offset);
  const sourceLines: SourceLine[] = [];
  for (let number = Math.max(1, line - 1); number <= line; number++) {
    const start = starts[number - 1] ?? 0;
    const text = source.text.slice(start, (starts[number] ?? source.text.length + 1) - 1).replace(/\r+$/, '');
    sourceLines.push({ line: number, text });
  }
  const facts = { file: source.name, line, column, endLine: Math.max(line, options.endLine ?? line), sourceLines };
  return new ContainerfileSyntaxError(withoutPasswords(problem), facts, options);
}

/** One error out of several of the same file, in file order. `errors` holds at least one. */
export function combineSyntaxErrors(errors: readonly ContainerfileSyntaxError[]): ContainerfileSyntaxError {
  const [first, ...others] = [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
  if (first === undefined) throw new RangeError('No error to combine');
  if (others.length === 0) return first;
  return new ContainerfileSyntaxError(first.problem, first, { hint: first.hint, cause: first.cause, others });
}
