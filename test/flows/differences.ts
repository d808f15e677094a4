/** Where tsbuild means to do something else than Buildah 1.28 in a flow. */
export interface Difference {
  readonly reason: string;
  /** Lines that only Buildah has (`- `) and that only tsbuild has (`+ `). */
  readonly lines: readonly string[];
}

/** By the name of the flow. docs/coming-from-buildah.md tells users. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {};
