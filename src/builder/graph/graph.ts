import type { Platform } from '../../image/index.js';
import type { Containerfile, FromInstruction, Instruction } from '../../parser/index.js';
import type { ArgScope } from './build-arguments.js';

/** The stages a build needs, and how they hang together. Immutable; says nothing of base images' configurations yet. */
export interface Graph {
  readonly containerfile: Containerfile;
  /** What the target needs, itself included, in file order: no stage comes before one it depends on. */
  readonly stages: readonly Stage[];
  /** All of the file, by index: a trigger of a base image may call for one that `stages` lacks. */
  readonly allStages: readonly Stage[];
  /** What is built for its own sake, as it was asked for; the last is {@link target}. */
  readonly targets: readonly Stage[];
  readonly target: Stage;
  /** Images that FROM, COPY --from and RUN --mount from= of `stages` name; each once. */
  readonly images: readonly ImageUse[];
  /** Build arguments no ARG of the file declares. */
  readonly unusedBuildArgs: readonly string[];
}

export interface ImageUse {
  readonly reference: string;
  readonly platform: Platform;
}

/** FROM and the instructions up to the next. */
export interface Stage {
  /** Place in the file, from 0. */
  readonly index: number;
  /** Lower case. */
  readonly name: string | undefined;
  readonly from: FromInstruction;
  /** FROM with its variables replaced, as progress lines show it. */
  readonly display: string;
  readonly base: StageBase;
  /** What the base is wanted for. */
  readonly platform: Platform;
  /** True when `FROM --platform` said so. */
  readonly platformGiven: boolean;
  /** Without FROM. */
  readonly instructions: readonly Instruction[];
  /** Indices of the stages it needs, its base included, ascending. */
  readonly dependencies: readonly number[];
  /** What was known before the first stage: what lowering starts from. */
  readonly setting: StageSetting;
}

export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'named-context'; readonly name: string };

/** Where COPY and mounts read from. */
export type InputSource = { readonly kind: 'build-context' } | Exclude<StageBase, { readonly kind: 'scratch' }>;

/** What all stages of a file share. */
export interface StageSetting {
  readonly containerfile: Containerfile;
  readonly buildArgs: ArgScope;
  /** ARGs before the first FROM and the automatic ones, with their values. */
  readonly globals: ArgScope;
  /** Name of each stage, by index. */
  readonly stageNames: readonly (string | undefined)[];
  readonly namedContexts: readonly string[];
  /** What the image is for; images that COPY and mounts name are wanted for it. */
  readonly platform: Platform;
}
