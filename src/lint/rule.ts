import type { Instruction, SourceRange } from '../parser/index.js';
import type { LintedFile } from './linted-stage.js';

/** What a rule has to say of one place. */
export interface Violation {
  readonly message: string;
  /** The instruction it is about; a comment above that may silence it. `undefined` for what is no instruction. */
  readonly instruction: Instruction | undefined;
  /** Where it is, when that is not all of the instruction. */
  readonly range?: SourceRange;
  /** Text of the instruction to point at. */
  readonly word?: string | undefined;
  /** Or a variable, to be pointed at where it is first used. */
  readonly variable?: string;
}

export interface Rule {
  /** As `# check=skip=` names it. */
  readonly name: string;
  /** What it is about, in a sentence. */
  readonly description: string;
  /** The last part of the address of BuildKit's page on the rule; absent for rules that only tsbuild has. */
  readonly page?: string;
  /** Silent unless `# check=experimental=` asks for it. */
  readonly experimental?: boolean;
  /** Looks at single instructions, so that it has something to say of a file with mistakes too. */
  readonly tolerant?: boolean;
  check(file: LintedFile): Iterable<Violation>;
}

/** Where BuildKit describes the rule. */
export function ruleUrl(rule: Rule): string | undefined {
  return rule.page === undefined ? undefined : `https://docs.docker.com/go/dockerfile/rule/${rule.page}/`;
}

/** A violation that nobody silenced, with its place. */
export interface Finding {
  readonly rule: Rule;
  readonly message: string;
  readonly range: SourceRange;
  /** UTF-16 offset of the place a caret points at: the word in question, else the beginning of `range`. */
  readonly offset: number;
  /** Line and column of `offset`, from 1. */
  readonly line: number;
  readonly column: number;
}
