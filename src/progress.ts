/**
 * What a running operation tells the person who waits for it. Operations report; `ui` renders; nothing else writes to the terminal.
 */
export type ProgressEvent =
  /** A build graph is known: how many stages will be built. Sent once, before any step. */
  | { readonly kind: 'build-started'; readonly stages: number }
  /** A step begins, or is about to be looked up. `index` and `total` count the instructions of its stage, from 1. */
  | { readonly kind: 'step-started'; readonly step: StepLabel }
  | { readonly kind: 'step-cached'; readonly step: StepLabel; readonly id: string }
  | { readonly kind: 'step-done'; readonly step: StepLabel; readonly id: string }
  /** Bytes a RUN's command wrote. */
  | { readonly kind: 'step-output'; readonly step: StepLabel; readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  | { readonly kind: 'step-failed'; readonly step: StepLabel }
  /** The image is made; `id` is its ID. */
  | { readonly kind: 'commit'; readonly name: string | undefined; readonly id: string }
  | { readonly kind: 'tagged'; readonly name: string }
  /** A blob or manifest is being moved. `what`: `layer`, `config`, `manifest`; `action`: 'copying', 'skipped' (already there). */
  | {
      readonly kind: 'transfer';
      readonly action: 'copying' | 'skipped' | 'done';
      readonly what: string;
      readonly digest: string;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string };

export interface StepLabel {
  /** From 0. */
  readonly stage: number;
  readonly stageName: string | undefined;
  /** From 1. */
  readonly index: number;
  readonly total: number;
  /** The instruction as Buildah prints it: `RUN true`, heredocs and continuations joined. */
  readonly text: string;
}

export interface Reporter {
  report(event: ProgressEvent): void;
}
