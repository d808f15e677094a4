/** What is known of the image a stage begins with. */
export interface BaseFacts {
  readonly environment: ReadonlyMap<string, string>;
  readonly hasShell: boolean;
  /** As the image stores them. */
  readonly triggers: readonly string[];
  /** Given when the image is for another processor or system than the stage wants. */
  readonly otherPlatform?: { readonly actual: string; readonly expected: string } | undefined;
}

/** What the rules need beside the file: of the build, of images and of the context. */
export interface LintFacts {
  /** `--build-arg`. */
  readonly buildArgs: ReadonlyMap<string, string>;
  /** The ARGs a build sets by itself. */
  readonly automaticArgs: ReadonlyMap<string, string>;
  readonly namedContexts?: readonly string[];
  /** The image stage `index` begins with; `undefined`: nothing is known of it, and nothing is said that would depend on it. */
  base(index: number): BaseFacts | undefined;
  /** True for a path the ignore file excludes; absent when there is none, or one with exceptions, which cannot be judged by names alone. */
  readonly ignores?: ((path: string) => boolean) | undefined;
  /** True for what can name an image. */
  isImageName(text: string): boolean;
  /** The parts of `linux/arm64/v8`; `undefined` when it is no platform. */
  parsePlatform(text: string): { readonly os: string; readonly architecture: string } | undefined;
  /** Stages to look into, by index; all unless given. */
  readonly stages?: ReadonlySet<number> | undefined;
}
