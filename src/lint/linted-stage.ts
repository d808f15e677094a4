import type { ArgInstruction, Containerfile, FromInstruction, Instruction } from '../parser/index.js';
import type { LintFacts } from './facts.js';

/** FROM and what follows it. */
export interface LintedStage {
  readonly index: number;
  readonly from: FromInstruction;
  /** Without FROM. */
  readonly instructions: readonly Instruction[];
  readonly base: LintedBase;
}

export type LintedBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  /** An image or a named context. */
  | { readonly kind: 'image' };

/** A Containerfile as the rules see it. */
export interface LintedFile {
  readonly containerfile: Containerfile;
  readonly facts: LintFacts;
  /** ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** All of the file. */
  readonly allStages: readonly LintedStage[];
  /** Those to look into. */
  readonly stages: readonly LintedStage[];
  /** Values known before the first FROM: automatic ARGs, then those of the file with `--build-arg` applied. */
  readonly globals: ReadonlyMap<string, string>;
  /** Names declared there, with a value or without. */
  readonly declaredGlobals: ReadonlySet<string>;
  /** The values if no `--build-arg` were given. */
  readonly defaultGlobals: ReadonlyMap<string, string>;
  /** What the variables of a stage are, step by step; worked out once. */
  walk(stage: LintedStage): StageWalk;
}

/** A variable that has no value where it is used, and no alternative there. */
export interface UnsetUse {
  readonly instruction: Instruction;
  readonly name: string;
  /** Names that do have one. */
  readonly set: readonly string[];
}

/** An instruction and what its texts become. */
export interface WalkedInstruction {
  readonly instruction: Instruction;
  /** The text with its variables replaced; as written when that cannot be done. */
  expand(text: string): string;
}

/** A stage from its first instruction to its last. */
export interface StageWalk {
  readonly instructions: readonly WalkedInstruction[];
  /** Names that were declared but have no value are no such use, nor is anything where the base image is not known. */
  readonly unsetUses: readonly UnsetUse[];
  /** What stages based on this one begin with. */
  readonly end: StageState;
}

/** What is known between two instructions. */
export interface StageState {
  readonly values: ReadonlyMap<string, string>;
  /** Names of ARGs, with a value or without. */
  readonly declared: ReadonlySet<string>;
  /** A SHELL is set. */
  readonly hasShell: boolean;
  /** A WORKDIR was given in this file. */
  readonly hasWorkdir: boolean;
  /** False when it stands on an image nothing is known of. */
  readonly known: boolean;
  /** ONBUILD of this stage, for those based on it. */
  readonly triggers: readonly Instruction[];
}
