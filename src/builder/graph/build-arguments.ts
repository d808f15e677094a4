import { formatPlatform, type Platform } from '../../image/index.js';

/** Values of ARGs by name. An ARG without a value is not in it. */
export type ArgScope = ReadonlyMap<string, string>;

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** The ARGs a build sets by itself, seen in FROM; a stage declares those it wants. A build argument of the same name wins. */
export function automaticArgs(platform: Platform, buildPlatform: Platform, targetStage: string | undefined): ArgScope {
  return new Map([...platformArgs('BUILD', buildPlatform), ...platformArgs('TARGET', platform), ['TARGETSTAGE', targetStage ?? 'default']]);
}

/** Names of all of {@link automaticArgs}. */
export function isAutomaticArg(name: string): boolean {
  return /^(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/.test(name) || name === 'TARGETSTAGE';
}

/** True for an argument that takes effect though no ARG declares it: proxies, and what steers the build itself. */
export function isPredefinedArg(name: string): boolean {
  return PROXIES.includes(name.toUpperCase()) || name === 'SOURCE_DATE_EPOCH' || name.startsWith('BUILDKIT_');
}

/**
 * The proxy variables among the build arguments, in both spellings, sorted. RUN steps see them; cache keys and history do not.
 */
export function proxyArgs(buildArgs: ArgScope): readonly (readonly [string, string])[] {
  const found = new Map<string, string>();
  for (const [name, value] of buildArgs) {
    if (!PROXIES.includes(name.toUpperCase())) continue;
    found.set(name.toUpperCase(), value);
    found.set(name.toLowerCase(), value);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The scope after `ARG name` or `ARG name=defaultValue` in a stage.
 *
 * @param expandDefault gives the default's value; not called when a build argument decides
 */
export function declareArg(
  scope: ArgScope,
  known: { readonly buildArgs: ArgScope; readonly globals: ArgScope },
  name: string,
  expandDefault: (() => string) | undefined,
): ArgScope {
  const value = known.buildArgs.get(name) ?? expandDefault?.() ?? known.globals.get(name);
  if (value === undefined) return scope;
  return new Map([...scope, [name, value]]);
}

function platformArgs(prefix: 'BUILD' | 'TARGET', platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform['os.version'] ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}
