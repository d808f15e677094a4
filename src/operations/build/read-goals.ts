import type { Platform } from '../../image/index.js';
import { parseContainerfile } from '../../parser/index.js';
import type { Services, Workspace } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import { type Goal, resolveGoals } from './build-goals.js';
import type { BuildOptions } from './build-options.js';
import { cutContainerfile } from './cut-containerfile.js';
import type { ContainerfileText } from './read-containerfile.js';
import { replaceFirstBase } from './replace-base.js';
import type { SourceGate } from './source-gate.js';
import { wantedPlatforms } from './wanted-platforms.js';

/**
 * What a build makes of a Containerfile: a goal for each platform.
 *
 * @param contextsFor names of the further contexts that a build for a platform has
 * @throws {ContainerfileSyntaxError} every mistake that can be told before anything is built
 */
export async function readGoals(
  containerfile: ContainerfileText,
  contextsFor: (platform: Platform) => readonly string[],
  options: BuildOptions,
  parts: { readonly workspace: Workspace; readonly access: RegistryAccess; readonly gate: SourceGate },
  services: Services,
): Promise<readonly Goal[]> {
  const whole = parseContainerfile(containerfile);
  const cut = options.until === undefined ? whole : cutContainerfile(whole, options.until);
  const parsed = options.from === undefined ? cut : replaceFirstBase(cut, options.from);
  const resolving = { buildArgs: options.buildArgs, target: options.targets, buildPlatform: parts.workspace.platform };
  const platforms = await wantedPlatforms(parsed, resolving, options, parts, services);
  return resolveGoals(parsed, platforms, resolving, contextsFor);
}
