import type { Graph } from '../../builder/graph/index.js';
import type { Platform } from '../../image/index.js';
import type { Reporter } from '../../progress.js';
import type { BaseImages } from '../build/base-images.js';

export interface FindingsOptions {
  readonly graph: Graph;
  readonly images: BaseImages;
  readonly buildPlatform: Platform;
  readonly excludes: ((path: string) => boolean) | undefined;
  readonly reporter: Reporter;
}

/**
 * Builds, and reports what the checks of the Containerfile find. A file that says how it is to be checked is checked first, since it may ask
 * that a finding fails the build; any other one afterwards, also when the build fails: then the base images are at hand.
 *
 * @throws {LintViolationError} @throws {ContainerfileSyntaxError} a `# check=` that cannot be read
 */
export async function withFindings<T>(options: FindingsOptions, build: () => Promise<T>): Promise<T> {
  const { graph, images } = options;
  const { containerfile, buildArgs } = graph.target.setting;
  // Loaded here, so that the rules cost nothing before the build has begun.
  const report = async (image: BaseImages['known']): Promise<void> =>
    (await import('./build-findings.js')).reportFindings({ ...options, image });
  const isAsked = (buildArgs.get('BUILDKIT_DOCKERFILE_CHECK') ?? containerfile.directives.check) !== undefined;
  const { text } = containerfile.source;
  if (isAsked || (text.toLowerCase().includes('check') && DEMANDING_COMMENT.test(text))) {
    await report((reference, platform) => images.get(reference, platform));
    return build();
  }
  try {
    return await build();
  } finally {
    await report((reference, platform) => images.known(reference, platform));
  }
}

/** A comment above an instruction that may ask the same for its findings. */
const DEMANDING_COMMENT = /^[^\S\n]*#[^\S\n]*check[^\S\n]*=.*\berror\b/im;
