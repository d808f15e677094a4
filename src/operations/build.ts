import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { resolveStages } from '../builder/graph/index.js';
import { Scheduler } from '../builder/scheduler/index.js';
import { BackgroundWork, diffIdsOf, type RootState, StepCache, StepExplainer, type Toolbox } from '../builder/steps/index.js';
import { type Context, openContext } from '../context/index.js';
import {
  ANNOTATION_BASE_DIGEST,
  ANNOTATION_BASE_NAME,
  type Compression,
  formatPlatform,
  type ImageFormat,
  localName,
  parsePlatform,
} from '../image/index.js';
import { parseContainerfile } from '../parser/index.js';
import { BaseImages } from './base-images.js';
import { type BuiltStage, imageConfigOf, StageBuilder } from './build-stages.js';
import { type CommandOptions, readCommandOptions } from './command-surroundings.js';
import { parseCacheTtl, takesNothing } from './cache-flags.js';
import type { Services, Workspace } from './context.js';
import type { DecisionLogOptions } from './decision-log.js';
import { type FinishedImage, finishImage } from './finish-image.js';
import { stepMaker } from './make-step.js';
import type { PullPolicy } from './pull.js';
import { type ContainerfileText, readContainerfile } from './read-containerfile.js';
import { RegistryAccess, type RegistryOptions, readCertificates } from './registry-access.js';
import { parseAddHost, parseNetwork } from './run-flags.js';
import type { SharedCache } from './shared-cache.js';
import { withSharedWorkspace } from './shared-workspace.js';
import { versionInfo } from './version.js';

export interface BuildOptions extends RegistryOptions {
  readonly contextDirectory: string;
  /** Containerfiles, joined in order; none: the context's own. */
  readonly files: readonly string[];
  /** Names for the image, as given. */
  readonly tags: readonly string[];
  /** A name without a value takes nothing from anywhere: undefined leaves the ARG's default. */
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
  readonly target?: string | undefined;
  readonly noCache: boolean;
  /** Stages that take nothing from the cache, by name or number; each may be a list with commas. */
  readonly noCacheFilter?: readonly string[] | undefined;
  /** Go duration: an older outcome is not taken. */
  readonly cacheTtl?: string | undefined;
  /** Report of each step whether the cache had it, and if not why. */
  readonly explain?: boolean;
  /** Where outcomes of steps are found that other machines, or earlier builds, have exported. */
  readonly cacheFrom: readonly string[];
  /** Where the outcomes of this build's steps are written. */
  readonly cacheTo: readonly string[];
  /** False: one layer for all of a stage, and no cache. */
  readonly layers: boolean;
  readonly format: ImageFormat;
  readonly compression?: { readonly format: Compression; readonly level?: number } | undefined;
  readonly network?: string | undefined;
  readonly pull: PullPolicy;
  /** Where the image ID is written, as `sha256:<hex>`. */
  readonly iidFile?: string | undefined;
  readonly platform?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Steps at a time; left out: the number of processors; 0: no limit. */
  readonly jobs?: number | undefined;
  /** Seconds since 1970: the time of the image and of every file in its new layers. */
  readonly timestamp?: number | undefined;
  readonly ignoreFile?: string | undefined;
  readonly addHosts: readonly string[];
  /** What RUN commands get. */
  readonly commands: CommandOptions;
  /** Hand on the proxy variables of the environment; default true. */
  readonly httpProxy?: boolean | undefined;
}

export interface BuildResult {
  /** Hexadecimal digits. */
  readonly imageId: string;
  /** Of the manifest. */
  readonly digest: string;
}

/** Builds a Containerfile. The image's names point to the new image when this resolves, and to what they did before if it throws. */
export async function build(options: BuildOptions, services: Services): Promise<BuildResult> {
  const names = options.tags.map(localName);
  const network = parseNetwork(options.network);
  const commands = await readCommandOptions(options.commands, services.settings);
  const containerfile = readContainerfile(options.files, options.contextDirectory);
  return withSharedWorkspace(options, services, async (workspace, options, shared) => {
    const platform = options.platform === undefined ? workspace.platform : parsePlatform(options.platform);
    const graph = resolveStages(parseContainerfile(containerfile), {
      buildArgs: definedOnly(options.buildArgs),
      target: options.target,
      platform,
      buildPlatform: workspace.platform,
    });
    warnAboutArguments(graph.unusedBuildArgs, services);
    warnAboutIds(services);
    const context = await openBuildContext(options, containerfile, workspace);
    try {
      const abort = new AbortController();
      const background = new BackgroundWork((error) => abort.abort(error));
      const toolbox = toolboxOf(options, formatPlatform(platform), background, workspace, services, shared);
      toolbox.cache.limitAge(parseCacheTtl(options.cacheTtl));
      const scheduler = new Scheduler<RootState>({
        jobs: options.jobs ?? availableParallelism(),
        cache: toolbox.cache,
        signal: AbortSignal.any([services.signal, abort.signal]),
      });
      const access = new RegistryAccess(services, options);
      const builder = new StageBuilder({
        graph,
        images: new BaseImages(workspace.store, access, options.pull, services),
        scheduler,
        toolbox,
        noCacheFilter: options.noCacheFilter ?? [],
        containerfilePath: containerfile.path,
        explaining: explainingOf(options, toolbox),
        makeStep: stepMaker({
          toolbox,
          context,
          network,
          ...commands,
          extraHosts: options.addHosts.map(parseAddHost),
          ambient: options.httpProxy === false ? {} : services.settings.proxyEnvironment,
        }),
      });
      try {
        const built = await builder.build();
        await background.done();
        const image = await finish(built, options, toolbox, services.signal, shared);
        await publish(image, names, options, workspace, services);
        await shared?.export([built.root]);
        return { imageId: image.imageId, digest: image.descriptor.digest };
      } finally {
        await background.settled();
      }
    } finally {
      await commands.close();
      await context.close();
    }
  });
}

async function finish(
  built: BuiltStage,
  options: BuildOptions,
  toolbox: Toolbox,
  signal: AbortSignal,
  shared: SharedCache | undefined,
): Promise<FinishedImage> {
  const config = imageConfigOf(built, await diffIdsOf(built.root));
  await shared?.fetch(config.rootfs.diff_ids, signal);
  const labels = { ...config.config?.Labels, 'io.tsbuild.version': versionInfo().version, ...options.labels };
  const { image } = built;
  const finished = await finishImage(
    {
      config: { ...config, config: { ...config.config, Labels: labels } },
      format: options.format,
      annotations: {
        ...(image === undefined ? {} : { [ANNOTATION_BASE_DIGEST]: image.digest }),
        ...(image?.name === undefined ? {} : { [ANNOTATION_BASE_NAME]: image.name }),
        ...options.annotations,
      },
      ...(shared === undefined ? {} : { lateAnnotations: () => shared.inlineAnnotations(built.root) }),
      compression: toolbox.compression,
      baseLayers: image?.layers.length ?? 0,
      created: options.timestamp === undefined ? undefined : new Date(options.timestamp * 1000).toISOString(),
    },
    toolbox.store,
    { now: toolbox.now, reuseCreated: options.layers && !takesNothing(options), signal },
  );
  await built.decisions?.write(finished.imageId, toolbox.now(), toolbox.store);
  return finished;
}

async function publish(
  image: FinishedImage,
  names: readonly string[],
  options: BuildOptions,
  { store }: Workspace,
  { reporter }: Services,
): Promise<void> {
  reporter.report({ kind: 'commit', name: options.tags[0], id: image.imageId });
  await store.names.publish(names, image.descriptor);
  for (const name of names) reporter.report({ kind: 'tagged', name });
  if (options.iidFile !== undefined) writeFileSync(options.iidFile, `sha256:${image.imageId}`);
}

function toolboxOf(
  options: BuildOptions,
  platform: string,
  background: BackgroundWork,
  { store, snapshots }: Workspace,
  services: Services,
  shared: SharedCache | undefined,
): Toolbox {
  return {
    store,
    snapshots,
    // Without layers nothing is looked up, as with Buildah: a record names a layer that such a build does not have.
    cache: new StepCache(store, takesNothing(options) || !options.layers, (diffId) => shared?.isObtainable(diffId) ?? false),
    reporter: services.reporter,
    background,
    interrupted: services.signal,
    compression: options.compression?.format ?? (options.format === 'docker' ? 'gzip' : 'zstd'),
    compressionLevel: options.compression?.level,
    layerPerStep: options.layers,
    singleId: services.settings.idMode === 'single',
    platform,
    timestampSeconds: options.timestamp,
    download: async (url, signal) =>
      (await import('../registry/index.js')).openDownload({ url: new URL(url), ca: readCertificates(services), signal }),
    now: () => new Date().toISOString(),
  };
}

function explainingOf(options: BuildOptions, toolbox: Toolbox): DecisionLogOptions {
  const { store, cache, background, reporter, layerPerStep } = toolbox;
  const explainer = new StepExplainer(store, cache, layerPerStep);
  return { explainer, background, reporter, isShown: options.explain === true };
}

async function openBuildContext(options: BuildOptions, containerfile: ContainerfileText, { store }: Workspace): Promise<Context> {
  return openContext({
    directory: resolve(options.contextDirectory),
    ignoreFile: options.ignoreFile,
    containerfile: containerfile.path,
    statCacheDirectory: store.statCacheDir,
  });
}

function definedOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function warnAboutArguments(unused: readonly string[], { reporter }: Services): void {
  if (unused.length === 0) return;
  reporter.report({ kind: 'warning', text: `one or more build args were not consumed: [${unused.join(' ')}]` });
}

function warnAboutIds({ reporter, settings }: Services): void {
  if (settings.idMode === 'single')
    reporter.report({
      kind: 'warning',
      text: settings.idProblem ?? 'There is one id only: owners are kept in attributes, not on the files',
    });
}
