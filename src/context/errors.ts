import { TsbuildError } from '../errors.js';

/** A source of COPY or ADD is not there, or nothing of it is left after the ignore rules. */
export class SourceNotFoundError extends TsbuildError {
  readonly code = 'SOURCE_NOT_FOUND';
  constructor(
    readonly source: string,
    /** What is read from: `the build context "/src/app"`. */
    readonly place: string,
    readonly reason: MissingReason,
  ) {
    const { explanation, hint } = explain(reason);
    super(`${JSON.stringify(source)}: no such file or directory in ${place}${explanation}`, { hint });
  }
}

/** A source of COPY or ADD, or something in it, may not be read by this user. */
export class SourceUnreadableError extends TsbuildError {
  readonly code = 'SOURCE_UNREADABLE';
  constructor(
    /** Relative to the place; undefined when it is not known which. */
    readonly path: string | undefined,
    /** What is read from: `the build context "/src/app"`. */
    readonly place: string,
    cause: unknown,
  ) {
    super(`${path === undefined ? 'a file or directory' : JSON.stringify(path)}: permission denied in ${place}`, {
      cause,
      hint: 'Let this user read it, or leave it out in .dockerignore',
    });
  }
}

/** Why a source has nothing to copy. */
export type MissingReason =
  /** With names that are close to it. */
  | { readonly kind: 'missing'; readonly near: readonly string[] }
  | { readonly kind: 'outside' }
  /** By `.dockerignore line 3: "*.log"`, or by a flag of the instruction. */
  | { readonly kind: 'ignored'; readonly rule: string; readonly inFile: boolean }
  | { readonly kind: 'no-match' };

function explain(reason: MissingReason): { readonly explanation: string; readonly hint?: string } {
  switch (reason.kind) {
    case 'missing':
      return reason.near.length === 0
        ? { explanation: '' }
        : { explanation: '', hint: `There is ${reason.near.map((name) => JSON.stringify(name)).join(', ')}` };
    case 'outside':
      return {
        explanation: ': sources outside of it cannot be copied, ".." stops at its top',
        hint: 'Build with a directory further up as the context and name the Containerfile with --file',
      };
    case 'ignored':
      return {
        explanation: `: it is excluded by ${reason.rule}`,
        hint: reason.inFile ? 'Change that line, or add one with "!" below it' : 'Change that pattern, or leave the source out',
      };
    case 'no-match':
      return { explanation: ': nothing matches the wildcard' };
  }
}

/** The context directory or its ignore file cannot be used. */
export class ContextError extends TsbuildError {
  readonly code = 'CONTEXT_INVALID';
}
