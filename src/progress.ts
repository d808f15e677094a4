/**
 * What a running operation tells the person who waits for it. Operations report; `ui` renders; nothing else writes to the terminal.
 */
export type ProgressEvent =
  /**
   * A build graph is known: how many stages will be built, for one platform. Sent before any of its steps; once for each platform where
   * there are several, which number their stages one after the other.
   */
  | { readonly kind: 'build-started'; readonly stages: number; readonly first?: number; readonly platform?: string | undefined }
  /** A step begins, or is about to be looked up. `index` and `total` count the instructions of its stage, from 1. */
  | { readonly kind: 'step-started'; readonly step: StepLabel }
  | { readonly kind: 'step-cached'; readonly step: StepLabel; readonly id: string }
  | { readonly kind: 'step-done'; readonly step: StepLabel; readonly id: string }
  /** Bytes a RUN's command wrote. */
  | { readonly kind: 'step-output'; readonly step: StepLabel; readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  | { readonly kind: 'step-failed'; readonly step: StepLabel }
  /** Why a step was run, or not; reported before it is done, and only where it was asked for. */
  | { readonly kind: 'step-explained'; readonly step: StepLabel; readonly id: string; readonly decision: StepDecision }
  /** The image is made; `id` is its ID. */
  | { readonly kind: 'commit'; readonly name: string | undefined; readonly id: string; readonly stage?: number }
  | { readonly kind: 'tagged'; readonly name: string }
  /** A blob or manifest is being moved. `what`: `layer`, `config`, `manifest`; `action`: 'copying', 'skipped' (already there). */
  | {
      readonly kind: 'transfer';
      readonly action: 'copying' | 'skipped' | 'done';
      readonly what: string;
      readonly digest: string;
      readonly sizeBytes: number;
    }
  /** What the checks of the Containerfile have to say; `line` counts from 1. */
  | { readonly kind: 'findings'; readonly findings: readonly { readonly rule: string; readonly message: string; readonly line: number }[] }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string };

export interface StepLabel {
  /** From 0, over all platforms of the build. */
  readonly stage: number;
  readonly stageName: string | undefined;
  /** From 1. */
  readonly index: number;
  readonly total: number;
  /** The instruction as Buildah prints it: `RUN true`, heredocs and continuations joined. */
  readonly text: string;
}

/** What the cache had to say to a step. */
export type StepDecision =
  /** FROM an image. */
  | { readonly outcome: 'base'; readonly digest: string }
  /** Nothing to run: the instruction changes the configuration only, or goes on from another stage. */
  | { readonly outcome: 'none' }
  | { readonly outcome: 'hit'; readonly recordedAt: string }
  | {
      readonly outcome: 'miss';
      readonly cause: MissCause;
      /** The record it is compared with: the one of the same place in the Containerfile that has most in common with it. */
      readonly nearest?: { readonly recordedAt: string; readonly text: string };
      readonly differences: readonly Difference[];
    };

export type MissCause =
  /** Nothing like it was built before. */
  | 'new'
  | 'changed'
  /** `--no-cache`, `--no-cache-filter`, `--no-layers`. */
  | 'not-asked'
  /** Older than `--cache-ttl` allows. */
  | 'expired'
  /** The record is there, its layer is not. */
  | 'lost'
  /** The same step was run by this very build. */
  | 'repeated';

/** One input of a step that is not what it was. Values are never told, only their digests. */
export type Difference =
  | { readonly kind: 'instruction'; readonly before: string; readonly after: string }
  | ({ readonly kind: 'variable'; readonly instruction: 'ARG' | 'ENV'; readonly name: string } & BeforeAfter)
  /** What COPY or ADD brings, or what is mounted at `mount`; the first few of `count`. `context`: what it comes from, if that is no stage. */
  | {
      readonly kind: 'files';
      readonly mount?: string;
      readonly context?: string;
      readonly count: number;
      readonly files: readonly FileChange[];
    }
  | ({ readonly kind: 'mount'; readonly target: string } & BeforeAfter)
  /** The content of the image that the stage begins with. */
  | ({ readonly kind: 'base-image' } & BeforeAfter)
  /** The content that the steps before gave. */
  | ({ readonly kind: 'parent' } & BeforeAfter)
  | ({ readonly kind: 'input'; readonly name: string } & BeforeAfter);

/** Digests; one is absent where there was, or is, nothing. */
interface BeforeAfter {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface FileChange {
  readonly path: string;
  readonly before?: FileFacts | undefined;
  readonly after?: FileFacts | undefined;
}

export interface FileFacts {
  readonly mode: number;
  readonly size: number;
  /** The first digits of the digest over content and attributes, or the target of a link; empty for a directory. */
  readonly content: string;
  /** `uid:gid` where it counts, else empty. */
  readonly owner: string;
}

export interface Reporter {
  report(event: ProgressEvent): void;
}
