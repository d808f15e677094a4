/**
 * One node of a build, as the scheduler sees it: it can name its outcome and it can produce it. The scheduler does not know that
 * images or containers exist.
 */
export interface Step<R> {
  /** For messages only. */
  readonly label: string;
  /** Steps whose outcomes this one sees, in the order in which {@link key} and {@link run} get them. */
  readonly inputs: readonly Step<R>[];

  /**
   * Names the outcome before it exists. Cheap beside {@link run}: it may read files to digest them, and do on the way what {@link run} would
   * have to read them again for.
   */
  key(inputs: readonly R[], options: { readonly signal: AbortSignal }): Promise<StepKey>;

  /** Produces the outcome. Called at most once for equal keys on the same inputs, within one {@link Scheduler}. */
  run(inputs: readonly R[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<R>;
}

export interface StepKey {
  /** Digest over everything the step sees, except what its parent's file system holds. */
  readonly definition: string;
  /**
   * Digest over what the parent's file system holds. A function, and asynchronous, because the parent's content may still be being
   * hashed while the next step could already run; it is asked only when a record with the same definition exists.
   */
  parentContent(): Promise<string>;
  /** Run it, whatever earlier builds gave. */
  readonly fresh?: boolean;
  /** Called when the step will not be run: what {@link Step.key} did for it on the way is not wanted. Calling it twice does nothing. */
  unused?(): void;
}

/** Outcomes of earlier builds. */
export interface BuildCache<R> {
  /**
   * The outcome recorded for `key`, or undefined. Answers without asking {@link StepKey.parentContent} when no record has this
   * definition, so that a step never waits for a hash that cannot matter.
   */
  find(key: StepKey, inputs: readonly R[]): Promise<R | undefined>;

  /**
   * Take the right to run a step from other builds that share this cache; waits until one that has it is done. Undefined: there is nothing
   * to share. Who has it lets go by `release`, or when the outcome is recorded, which the cache sees itself.
   *
   * @param lineage names the step and all it stands on, the same in every build
   */
  claim?(key: StepKey, lineage: string, options: ClaimOptions): Promise<Claim | undefined>;
}

export interface ClaimOptions {
  /** Of the step, for messages. */
  readonly label: string;
  readonly signal: AbortSignal;
}

export interface Claim {
  /** Another build had it meanwhile: there may be a record now. */
  readonly waited: boolean;
  /** Calling it twice does nothing. */
  release(): void;
}

/** An outcome and where it came from. */
export interface Outcome<R> {
  readonly value: R;
  readonly key: StepKey;
  /** Digest of the definitions of the step and of everything below it. */
  readonly lineage: string;
  /** True when an earlier build had produced it. */
  readonly cached: boolean;
}
