/** A Containerfile as given: its text and the name messages use for it. */
export interface Source {
  /** Path or `-`, as the user would recognise it. */
  readonly name: string;
  readonly text: string;
}

/** A stretch of the source text. */
export interface SourceRange {
  /** Line of the first character, from 1. */
  readonly startLine: number;
  /** Line of the last character, from 1. */
  readonly endLine: number;
  /** UTF-16 offset of the first character. */
  readonly start: number;
  /** UTF-16 offset after the last character. */
  readonly end: number;
}

/** A place a caret can point at. */
export interface SourcePosition {
  /** From 1. */
  readonly line: number;
  /** UTF-16 units from the start of the line, from 1. */
  readonly column: number;
}

/** Offsets at which the lines of `text` begin; only `\n` ends a line, as in BuildKit. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The place of `offset`, given the {@link lineStarts} of its text. */
export function positionAt(starts: readonly number[], offset: number): SourcePosition {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}
