import { automaticArgs } from '../../builder/graph/index.js';
import { formatPlatform, type ImageConfig, matchPlatform, type Platform, parsePlatform, parseReference } from '../../image/index.js';
import type { BaseFacts, LintFacts } from '../../lint/index.js';
import { parseTransport } from '../../transports/index.js';

export interface KnownBuild {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Name of the stage that is built. */
  readonly targetName: string | undefined;
  readonly namedContexts?: readonly string[];
  /** What the image is that stage `index` begins with, and the platform it is wanted for; `undefined`: that is not known. */
  readonly base: (index: number) => { readonly config: ImageConfig; readonly platform: Platform } | undefined;
  readonly excludes?: ((path: string) => boolean) | undefined;
  readonly stages?: ReadonlySet<number> | undefined;
}

/** What the rules need to know, from what a build knows. */
export function lintFacts(known: KnownBuild): LintFacts {
  return {
    buildArgs: known.buildArgs,
    automaticArgs: automaticArgs(known.platform, known.buildPlatform, known.targetName),
    namedContexts: known.namedContexts ?? [],
    base: (index) => {
      const base = known.base(index);
      return base === undefined ? undefined : baseFacts(base.config, base.platform);
    },
    ignores: known.excludes,
    isImageName: (text) => text !== '' && (text === 'scratch' || succeeds(() => parseTransport(text) ?? parseReference(text))),
    parsePlatform: (text) => (succeeds(() => parsePlatform(text)) ? parsePlatform(text) : undefined),
    stages: known.stages,
  };
}

function baseFacts(config: ImageConfig, platform: Platform): BaseFacts {
  const container = config.config ?? {};
  const environment = new Map(
    (container.Env ?? []).map((variable): [string, string] => {
      const equals = variable.indexOf('=');
      return equals === -1 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)];
    }),
  );
  const fits = matchPlatform(platform, config) !== undefined;
  return {
    environment,
    hasShell: (container.Shell ?? []).length > 0,
    triggers: container.OnBuild ?? [],
    otherPlatform: fits ? undefined : { actual: formatPlatform(config), expected: formatPlatform(platform) },
  };
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    // Which of several errors it is makes no difference: the text is no such thing.
    return false;
  }
}
