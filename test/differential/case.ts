/** One build that is made by tsbuild and, when it was recorded, by Buildah. */
export interface DifferentialCase {
  /** Unique in its group. */
  readonly title: string;
  readonly containerfile: string;
  /** Lines of {@link makeContext}; the Containerfile is added. */
  readonly context: readonly string[];
  /** Flags of `bud`. */
  readonly args?: readonly string[];
  /** A command of it sees or sets owners other than the one who builds. */
  readonly needsIds?: boolean;
  /** Buildah 1.28 does not have what this is about: what the rules ask for, written by hand. Such a case is not recorded. */
  readonly expected?: Expectation;
}

/** What a build comes to. */
export type Outcome = BuiltImage | { readonly error: string };

export interface BuiltImage {
  /** Lines of the flattened file system, see `treeOfLayers`. */
  readonly tree: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

export type Expectation = { readonly tree: readonly string[]; readonly config?: BuiltImage['config'] } | { readonly error: string };

/** Where tsbuild means to do something else than Buildah 1.28. */
export interface Difference {
  readonly reason: string;
  /** Lines that only Buildah (`- `) or only tsbuild (`+ `) has. */
  readonly lines?: readonly string[];
  /** Values of the configuration as tsbuild has them; `null` where it has none. */
  readonly config?: BuiltImage['config'];
  /** Only one of them builds: what tsbuild comes to; of an error, a part of its text. */
  readonly ours?: Expectation;
}

/** Cases about one subject. */
export interface CaseGroup {
  readonly name: string;
  readonly cases: readonly DifferentialCase[];
}
