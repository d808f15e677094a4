import { type ResolveOptions, resolveStages } from '../../builder/graph/index.js';
import { UsageError } from '../../errors.js';
import { formatPlatform, type Platform, parsePlatform } from '../../image/index.js';
import type { Containerfile } from '../../parser/index.js';
import type { Services, Workspace } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import type { BuildOptions } from './build-options.js';
import type { SourceGate } from './source-gate.js';

/** What the user asked for, each once. */
export async function wantedPlatforms(
  parsed: Containerfile,
  resolving: Omit<ResolveOptions, 'platform'>,
  options: BuildOptions,
  { workspace, access, gate }: { readonly workspace: Workspace; readonly access: RegistryAccess; readonly gate: SourceGate },
  services: Services,
): Promise<readonly Platform[]> {
  const { store, platform: own } = workspace;
  if (options.allPlatforms === true) {
    if (options.platforms.length > 0) throw new UsageError('--all-platforms and --platform exclude each other');
    const graph = resolveStages(parsed, { ...resolving, platform: own });
    return (await import('./base-platforms.js')).basePlatforms(graph, { policy: options.pull, store, access, gate, services });
  }
  const wanted = options.platforms.map((text) => (text === 'local' ? own : parsePlatform(text)));
  const texts = wanted.map(formatPlatform);
  return wanted.length === 0 ? [own] : wanted.filter((_, at) => texts.indexOf(texts[at]!) === at);
}
