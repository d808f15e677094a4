/** The cached outcome of one build step. */
export interface StepRecord {
  /** `sha256:hex` over everything of the step but its parent's content. */
  readonly definition: string;
  /** `sha256:hex` of the parent's content. */
  readonly parent: string;
  /** Named inputs of the key (`run.text`, `env.PATH`, `context:src/a.ts`, ...), each with its digest; never a value. */
  readonly inputs: Readonly<Record<string, string>>;
  /**
   * What the step gave. Belongs to the steps; the store looks at it for one purpose: every string in it, at any depth, that is a digest
   * is a blob or diff id which collection must keep.
   */
  readonly result: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

export interface StepRecords {
  find(definition: string, parent: string): StepRecord | undefined;
  /** True if the step was ever run on any parent: a miss with it means that only the parent differs. */
  hasDefinition(definition: string): boolean;
  /** Every record of a definition, the last used first. */
  listDefinition(definition: string): readonly StepRecord[];
  put(record: StepRecord): Promise<void>;
  /** Note that a record was used at `when`: kept as the file's mtime, not in its text. */
  touch(record: StepRecord, when: Date): void;
  /** When the record was last written or touched. */
  usedAt(record: StepRecord): Date | undefined;
  remove(definition: string, parent?: string): void;
}
