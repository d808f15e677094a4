import { type BackgroundWork, StepCache, StepExplainer, type Toolbox } from '../../builder/steps/index.js';
import { formatPlatform } from '../../image/index.js';
import type { Services } from '../context.js';
import type { DecisionLogOptions } from '../decision-log.js';
import type { BuildOptions, TimedOptions } from './build-options.js';
import { parseCacheTtl, takesNothing } from './cache-flags.js';
import type { BuildSources } from './contexts/build-sources.js';
import type { BuildWorkspace } from './shared-workspace.js';

export interface ToolboxParts {
  readonly workspace: BuildWorkspace;
  readonly sources: BuildSources;
  readonly background: BackgroundWork;
  readonly onFailedCommand: Toolbox['onFailedCommand'];
}

/** What the steps of a build share. */
export function buildToolbox(options: TimedOptions, parts: ToolboxParts, services: Services): Toolbox {
  const { workspace, sources, background, onFailedCommand } = parts;
  const { store, snapshots, shared, platform } = workspace;
  const { gate, remote } = sources;
  // Without layers nothing is looked up, as with Buildah: a record names a layer that such a build does not have.
  const cache = new StepCache(
    store,
    takesNothing(options) || !options.layers,
    (diffId) => shared?.isObtainable(diffId) ?? false,
    (label) => services.reporter.report({ kind: 'note', text: `Waiting for another build that is at ${label}` }),
  );
  cache.limitAge(parseCacheTtl(options.cacheTtl));
  return {
    store,
    snapshots,
    cache,
    reporter: services.reporter,
    background,
    interrupted: services.signal,
    importsCache: shared?.hasImported,
    compression: options.compression?.format ?? (options.format === 'docker' ? 'gzip' : 'zstd'),
    compressionLevel: options.compression?.level,
    layerPerStep: options.layers,
    singleId: services.settings.idMode === 'single',
    platform: formatPlatform(platform),
    timestampSeconds: options.times.forceSeconds,
    clampSeconds: options.times.clampSeconds,
    now: () => new Date().toISOString(),
    admitSource: (source) => gate.source(source),
    download: async (url, download) => (await remote.open()).download(url, download),
    openRepository: async (url, signal) => (await remote.open()).openRepository(url, 'containerfile', signal),
    onFailedCommand,
  };
}

/** How the steps with these tools explain what they take from the cache. */
export function explainingOf({ explain }: Pick<BuildOptions, 'explain'>, toolbox: Toolbox): DecisionLogOptions {
  const { store, cache, background, reporter, layerPerStep } = toolbox;
  const explainer = new StepExplainer(store, cache, layerPerStep);
  return { explainer, background, reporter, isShown: explain === true };
}
