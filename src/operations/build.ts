import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type ResolveOptions, resolveStages } from '../builder/graph/index.js';
import { Scheduler } from '../builder/scheduler/index.js';
import {
  BackgroundWork,
  type CommandNetwork,
  ConstantStep,
  diffIdsOf,
  type RootState,
  type RunMount,
  SquashStep,
  StepCache,
  StepExplainer,
  type Toolbox,
} from '../builder/steps/index.js';
import { type Context, openContext, openedContext } from '../context/index.js';
import { UsageError } from '../errors.js';
import {
  type Compression,
  type Descriptor,
  type DiffId,
  formatPlatform,
  type ImageFormat,
  localName,
  type Platform,
  parsePlatform,
} from '../image/index.js';
import { type Containerfile, parseContainerfile } from '../parser/index.js';
import { BaseImages } from './build/base-images.js';
import { buildGoals, namesByTarget, resolveGoals, stageNumber } from './build/build-goals.js';
import { type BuildOutput, parseOutputs } from './build/build-output.js';
import type { BuiltStage, FailedStep } from './build/build-stages.js';
import { type BuildTimes, chooseTimes } from './build/build-times.js';
import { parseCacheTtl, takesNothing } from './build/cache-flags.js';
import { type BuildPlace, isFetchedContext, localPlace } from './build/contexts/build-place.js';
import { type LateSources, remoteSources } from './build/contexts/late-sources.js';
import { namedContexts } from './build/contexts/named-contexts.js';
import { cutContainerfile } from './build/cut-containerfile.js';
import { FailureShell, stageShell } from './build/debug-shell.js';
import { describeImage, type ImageOptions } from './build/describe-image.js';
import { type FinishedImage, finishImage } from './build/finish-image.js';
import { idleSurplus } from './build/idle-surplus.js';
import { annotationTargets } from './build/image-annotations.js';
import { locateLostLayer } from './build/locate-failure.js';
import { stepMaker } from './build/make-step.js';
import { memoryBrake } from './build/memory-brake.js';
import { prefetchBases } from './build/prefetch-bases.js';
import { type BuiltImage, type PublishedTarget, publishTarget } from './build/publish-build.js';
import { replaceFirstBase } from './build/replace-base.js';
import { type ResultFiles, writeResultFiles } from './build/result-files.js';
import { stageImageOptions } from './build/save-stages.js';
import { type BuildWorkspace, withSharedWorkspace } from './build/shared-workspace.js';
import { SourceGate } from './build/source-gate.js';
import type { SourcePolicy } from './build/source-policy.js';
import { tagDestinations } from './build/tag-destinations.js';
import { withFindings } from './check/with-findings.js';
import type { Services, Workspace } from './context.js';
import type { DecisionLogOptions } from './decision-log.js';
import type { PullPolicy } from './pull.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { collectWhenDue } from './storage/collect-when-due.js';
import { type CommandOptions, readCommandOptions } from './surroundings/command-surroundings.js';
import { readConfigured } from './surroundings/configured.js';
import { type DnsOptions, readDns } from './surroundings/dns-flags.js';
import { Entitlements } from './surroundings/entitlements.js';
import { type IsolationOptions, readIsolation } from './surroundings/isolation-flag.js';
import { LateNetworks } from './surroundings/late-networks.js';
import { parseNetwork } from './surroundings/network-flag.js';
import { parseAddHost } from './surroundings/run-flags.js';

export interface BuildOptions extends RegistryOptions, ImageOptions, ResultFiles {
  /** A directory; or `-`, a URL or a git repository, which are fetched. */
  readonly contextDirectory: string;
  /** Further contexts, `NAME=VALUE`. */
  readonly buildContexts?: readonly string[] | undefined;
  /** An image in place of that of the first FROM. */
  readonly from?: string | undefined;
  /** For the C preprocessor, which Containerfiles named `.in` go through. */
  readonly cppFlags?: readonly string[] | undefined;
  /** Containerfiles, joined in order; none: the context's own. */
  readonly files: readonly string[];
  /**
   * Names for the image, as given: `NAME` for that of the last target, `STAGE=NAME` for another. One that begins with a transport is a place
   * the last target is sent to.
   */
  readonly tags: readonly string[];
  /** Values of ARGs; one that is not there leaves the ARG's default. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Stages to build; none: the last. */
  readonly targets: readonly string[];
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
  readonly dns?: DnsOptions | undefined;
  readonly isolation?: IsolationOptions | undefined;
  /** False: commands find the image's own /etc/hosts, /etc/hostname. */
  readonly writeHosts?: boolean | undefined;
  readonly writeHostname?: boolean | undefined;
  readonly pull: PullPolicy;
  /** What is written besides the image in the store, of the last target, each as `parseOutput` reads it. */
  readonly outputs?: readonly string[] | undefined;
  /** Where an output goes that asks for standard output. */
  readonly standardOutput: (bytes: Uint8Array) => void;
  /** Keep the images of the stages that the target needed, without a name. */
  readonly saveStages?: boolean | undefined;
  /** Say in labels of those images which stages they are. */
  readonly stageLabels?: boolean | undefined;
  /** One image each, several in an index; none: this machine's. `local` is this machine's. */
  readonly platforms: readonly string[];
  /** Whatever platforms the base images have. */
  readonly allPlatforms?: boolean;
  /** Name of an index that gets the images too, beside those it has for other platforms. */
  readonly manifest?: string | undefined;
  /** BuildKit's source policy: which images, downloads and repositories may be used, and what is used in their place. */
  readonly sourcePolicyFile?: string | undefined;
  /** Build only as far as the instruction at, or before, this line of the Containerfile. */
  readonly until?: number | undefined;
  /** Open a shell at the terminal in what was built, before it is finished. */
  readonly shell?: boolean;
  /** `shell`: open one in the file system of a command that fails. */
  readonly onError?: 'stop' | 'shell' | undefined;
  /** Steps at a time, 0: no limit; left out: the number of processors, and more while running commands leave some of them alone. */
  readonly jobs?: number | undefined;
  /** Compress the base's layers too, where they are compressed in another way. */
  readonly forceCompression?: boolean | undefined;
  readonly ignoreFile?: string | undefined;
  readonly addHosts: readonly string[];
  /** What RUN commands get. */
  readonly commands: CommandOptions;
  /** What RUN commands may ask for beyond that: BuildKit's entitlements. */
  readonly allow: readonly string[];
  /** What RUN commands do below the volumes of the image is undone. */
  readonly compatVolumes?: boolean | undefined;
  /** Hand on the proxy variables of the environment; default true. */
  readonly httpProxy?: boolean | undefined;
}

export interface BuildResult {
  /** Hexadecimal digits; of the last target, and of its index where there are several platforms. */
  readonly imageId: string;
  /** Of the manifest or index. */
  readonly digest: string;
  /** Of every target, as they were asked for. */
  readonly imageIds: readonly string[];
  readonly descriptor: Descriptor;
}

/** Builds a Containerfile. The image's names point to the new image when this resolves, and to what they did before if it throws. */
export async function build(given: BuildOptions, services: Services): Promise<BuildResult> {
  const options = withTimes(given, services);
  const extraHosts = options.addHosts.flatMap(parseAddHost);
  const ambient = options.httpProxy === false ? {} : services.settings.proxyEnvironment;
  const networks = new LateNetworks(extraHosts, services);
  const network: CommandNetwork = {
    request: parseNetwork(options.network),
    open: networks.open,
    dns: readDns(options.dns ?? {}, options.network),
    extraHosts,
    writeHosts: options.writeHosts,
    writeHostname: options.writeHostname,
  };
  const { isolation: usual, idMode } = services.settings;
  const isolation = readIsolation(options.isolation ?? {}, usual, idMode === 'root', options.network);
  const commands = await readCommandOptions(options.commands, services);
  const configured = await readConfigured(services);
  const entitlements = new Entitlements(options.allow);
  const gate = new SourceGate(await sourcePolicy(options));
  // What is fetched waits for the store. A second attempt, without a shared cache that broke, must not read standard input again.
  let received = isFetchedContext(options.contextDirectory) ? undefined : await localPlace(options, gate, services);
  const result = await withSharedWorkspace(options, services, async (workspace, options) => {
    const access = new RegistryAccess(services, options);
    const remote = remoteSources({ store: workspace.store, gate, confidants: commands.confidants, services });
    received ??= await fetchedPlace(options, remote, gate, services);
    const { containerfile } = received;
    const contexts = namedContexts(options.buildContexts ?? [], remote, workspace.store.statCacheDir);
    const whole = parseContainerfile(containerfile);
    const cut = options.until === undefined ? whole : cutContainerfile(whole, options.until);
    const parsed = options.from === undefined ? cut : replaceFirstBase(cut, options.from);
    const resolving = { buildArgs: options.buildArgs, target: options.targets, buildPlatform: workspace.platform };
    const platforms = await platformsOf(parsed, resolving, options, workspace, access, gate, services);
    const goals = resolveGoals(parsed, platforms, resolving, contexts.names);
    const { names: tags, destinations } = await tagDestinations(options.tags);
    const names = namesByTarget(tags, goals[0]!.graph.targets);
    const outputs = parseOutputs(options.outputs ?? []);
    const { index: indexAnnotations } = annotationTargets(options.annotations, platforms[0]!);
    checkResult(options, platforms, outputs);
    demandDeletion(outputs, entitlements);
    warnAboutArguments(goals[0]!.graph.unusedBuildArgs, services);
    warnAboutIds(services);
    const context = await openBuildContext(options, received, workspace);
    try {
      const abort = new AbortController();
      const background = new BackgroundWork((error) => abort.abort(error));
      const debug = options.onError === 'shell' ? new FailureShell((failure) => abort.abort(failure), network, services) : undefined;
      const toolbox: Toolbox = {
        ...toolboxOf(options, formatPlatform(workspace.platform), background, workspace, services),
        admitSource: (source) => gate.source(source),
        download: async (url, download) => (await remote.open()).download(url, download),
        openRepository: async (url, signal) => (await remote.open()).openRepository(url, 'containerfile', signal),
        onFailedCommand: debug?.onFailedCommand,
      };
      toolbox.cache.limitAge(parseCacheTtl(options.cacheTtl));
      const scheduler = new Scheduler<RootState>({
        jobs: options.jobs ?? availableParallelism(),
        surplus: options.jobs === undefined ? idleSurplus() : undefined,
        hasRoom: memoryBrake(services.reporter),
        cache: toolbox.cache,
        signal: AbortSignal.any([services.signal, abort.signal]),
      });
      const isForeign = (platform: Platform): boolean => formatPlatform(platform) !== formatPlatform(workspace.platform);
      // This machine's own is forgiving when it is the only one: an image that is mislabelled may still run.
      const isExact = platforms.some(isForeign) ? () => true : isForeign;
      const { store, shared, remote: layers } = workspace;
      const images = new BaseImages({ store, access, services, remote: layers }, options.pull, isExact, gate);
      const isSent = (at: number): boolean => at === names.length - 1 && outputs.length + destinations.length > 0;
      const newNamesOf = (at: number): readonly string[] =>
        at === names.length - 1 ? [...names[at]!, ...outputNames(outputs)] : names[at]!;
      const listOf = (at: number): string | undefined =>
        at === names.length - 1 && options.manifest !== undefined ? localName(options.manifest) : undefined;
      // What is only sent elsewhere stays here if that costs nothing: no layer is fetched for it.
      const isKept = (at: number): boolean => !isSent(at) || newNamesOf(at).length > 0 || listOf(at) !== undefined;
      prefetchBases(goals, isKept, images, layers);
      const parts = {
        images,
        scheduler,
        toolbox,
        contexts,
        lostLayers: (error: unknown) => layers.failedLayers(error),
        onFailedStep: debug === undefined ? undefined : (failure: FailedStep) => debug.onFailedStep(failure, toolbox),
        noCacheFilter: options.noCacheFilter ?? [],
        containerfilePath: containerfile.path ?? received.origin,
        explaining: explainingOf(options, toolbox),
        inheritLabels: options.inheritLabels,
        isRootSeen: options.squash === true || options.shell === true || outputs.some(({ kind }) => kind === 'local' || kind === 'tar'),
        makeStep: stepMaker({
          toolbox,
          context: openedContext(context),
          network,
          ...commands,
          volumes: [...configured.mounts, ...commands.volumes],
          entitlements,
          revertsVolumes: options.compatVolumes === true,
          isolation,
          findDevice: (name) => findDevice(name, options.commands.cdiDirectories),
          ambient: { ...configured.env, ...ambient },
        }),
      };
      try {
        const checking = { graph: goals[0]!.graph, buildPlatform: workspace.platform, excludes: context.excludes };
        const built = await withFindings({ ...checking, images: parts.images, reporter: services.reporter }, () =>
          buildGoals(goals, parts),
        );
        if (options.shell === true) await stageShell(built.at(-1)!.targets.at(-1)!, network, toolbox, services);
        await background.done();
        for (const { goal, others } of options.saveStages === true ? built : []) {
          for (const stage of others) {
            const described = stageImageOptions(stage, goal.graph.allStages, options.stageLabels === true);
            const { descriptor, imageId } = await finish(stage, options, described, toolbox, workspace, {
              isKept: true,
              signal: services.signal,
            });
            await store.names.publish([], descriptor);
            services.reporter.report({ kind: 'note', text: `Stage ${stage.stage.name ?? stage.stage.index} is kept as ${imageId}` });
          }
        }
        const published: PublishedTarget[] = [];
        for (const [at, target] of goals[0]!.graph.targets.entries()) {
          const finished: BuiltImage[] = [];
          for (const { goal, targets } of built) {
            const { stage } = targets[at]!;
            const whole = options.squash === true ? await squash(targets[at]!, scheduler, toolbox) : targets[at]!;
            const image = await finish(whole, options, options, toolbox, workspace, { isKept: isKept(at), signal: services.signal });
            const { descriptor: annotations } = annotationTargets(options.annotations, stage.platform);
            finished.push({ image, platform: stage.platform, stage: stageNumber(goal, stage), annotations });
          }
          const shownName = at === names.length - 1 ? tags.find((tag) => !tag.includes('=')) : target.name;
          const newNames = newNamesOf(at);
          const roots = built.map(({ targets }) => ({ root: targets[at]!.root, platform: targets[at]!.stage.platform }));
          const beforeNaming = async (descriptor: Descriptor): Promise<void> => {
            const { writeOutputs } = await import('./build/write-outputs.js');
            const { imageSeconds: timeSeconds } = options.times;
            const { standardOutput } = options;
            const sending = { descriptor, roots, names: newNames, timeSeconds, access, standardOutput };
            await writeOutputs(outputs, destinations, sending, workspace, services);
          };
          const publishing = {
            format: options.format,
            names: newNames,
            list: listOf(at),
            shownName,
            indexAnnotations,
            beforeNaming: isSent(at) ? beforeNaming : undefined,
          };
          published.push(await publishTarget(finished, publishing, { store, ...services }));
        }
        const last = published.at(-1)!;
        writeResultFiles(options, last, names.at(-1)!);
        await shared?.export(built.flatMap(({ targets }) => targets.map(({ root }) => root)));
        return { imageId: last.id, digest: last.descriptor.digest, imageIds: published.map(({ id }) => id), descriptor: last.descriptor };
      } finally {
        await background.settled();
        await images.publish();
      }
    } finally {
      await remote.close();
      await contexts.close();
      await networks.close();
      await commands.close();
      await context.close();
    }
  });
  await collectWhenDue(services, new Date());
  return result;
}

async function finish(
  built: BuiltStage,
  options: TimedOptions,
  described: ImageOptions,
  toolbox: Toolbox,
  { remote, shared }: BuildWorkspace,
  { isKept, signal }: { readonly isKept: boolean; readonly signal: AbortSignal },
): Promise<FinishedImage> {
  const description = describeImage(built, await diffIdsOf(built.root), { ...described, times: options.times });
  const { diff_ids: diffIds } = description.config.rootfs;
  const fetch = async (wanted: readonly DiffId[]): Promise<void> => {
    try {
      await remote.fetch(wanted, signal);
    } catch (error) {
      throw locateLostLayer(error, built.image === undefined ? [] : [built.image], remote.failedLayers(error)) ?? error;
    }
  };
  // A name points to a complete image.
  if (isKept) await fetch(diffIds);
  const finished = await finishImage(
    {
      ...description,
      format: options.format,
      ...(shared === undefined ? {} : { lateAnnotations: () => shared.inlineAnnotations(built.root) }),
      compression: toolbox.compression,
      elsewhere: (diffId) => remote.find(diffId),
      fetch,
      baseLayers: options.forceCompression === true || options.squash === true ? 0 : (built.image?.layers.length ?? 0),
    },
    toolbox.store,
    { now: toolbox.now, reuseCreated: options.layers && !takesNothing(options), signal },
  );
  await built.decisions?.write(finished.imageId, toolbox.now(), toolbox.store);
  return finished;
}

/** The stage with everything it holds in one layer. */
async function squash(built: BuiltStage, scheduler: Scheduler<RootState>, toolbox: Toolbox): Promise<BuiltStage> {
  const whole = new ConstantStep(`squashed ${(await diffIdsOf(built.root)).join(' ')}`, built.root);
  const { value: root } = await scheduler.evaluate(new SquashStep(whole, toolbox));
  return { ...built, root };
}

/** Names in the store that outputs give beside `--tag`. */
function outputNames(outputs: readonly BuildOutput[]): string[] {
  return outputs.flatMap((output) => (output.kind === 'image' && output.kept ? output.names.map(localName) : []));
}

/** @throws {UsageError} what can only be said of several platforms, or of one */
function checkResult(options: BuildOptions, platforms: readonly Platform[], outputs: readonly BuildOutput[]): void {
  if (options.stageLabels === true && options.saveStages !== true) throw new UsageError('--stage-labels requires --save-stages');
  const isIndex = platforms.length > 1;
  const annotated = platforms.map((platform) => annotationTargets(options.annotations, platform));
  if (!isIndex && annotated.some(({ index }) => Object.keys(index).length > 0))
    throw new UsageError('--annotation index: needs an index, and one platform makes none', { hint: 'Leave "index:" out' });
  if (!isIndex && options.manifest === undefined && annotated.some(({ descriptor }) => Object.keys(descriptor).length > 0))
    throw new UsageError('--annotation manifest-descriptor: needs an index, and one platform makes none', { hint: 'Use manifest:' });
  if (isIndex && outputs.some((output) => output.kind === 'local' && output.platformSplit === false))
    throw new UsageError('--output platform-split=false holds one platform', { hint: 'Leave it out: each platform gets a directory' });
  if (isIndex && outputs.some(({ kind }) => kind === 'tar'))
    throw new UsageError('--output type=tar holds one platform', { hint: 'Use type=local, which makes a directory for each' });
  if (isIndex && outputs.some((output) => (output.kind === 'archive' || output.kind === 'layout') && output.format === 'docker'))
    throw new UsageError('--output type=docker holds one platform', { hint: 'Use type=oci, which holds all of them' });
}

/** What is not below the working directory may be anything: BuildKit's rule. */
function demandDeletion(outputs: readonly BuildOutput[], entitlements: Entitlements): void {
  const isBelow = (directory: string): boolean => resolve(directory).startsWith(resolve('.').replace(/\/?$/, '/'));
  for (const output of outputs) {
    if (output.kind === 'local' && output.deleteOthers && !isBelow(output.directory))
      entitlements.demand('buildx.local.delete', `--output mode=delete outside the working directory (${output.directory})`);
  }
}

/** Read before anything else: a build that should have one does not begin without it. */
async function sourcePolicy({ sourcePolicyFile }: BuildOptions): Promise<SourcePolicy | undefined> {
  return sourcePolicyFile === undefined ? undefined : (await import('./build/read-source-policy.js')).readSourcePolicy(sourcePolicyFile);
}

/** What the user asked for, each once. */
async function platformsOf(
  parsed: Containerfile,
  resolving: Omit<ResolveOptions, 'platform'>,
  options: BuildOptions,
  { store, platform: own }: Workspace,
  access: RegistryAccess,
  gate: SourceGate,
  services: Services,
): Promise<readonly Platform[]> {
  if (options.allPlatforms === true) {
    if (options.platforms.length > 0) throw new UsageError('--all-platforms and --platform exclude each other');
    const graph = resolveStages(parsed, { ...resolving, platform: own });
    return (await import('./build/base-platforms.js')).basePlatforms(graph, { policy: options.pull, store, access, gate, services });
  }
  const wanted = options.platforms.map((text) => (text === 'local' ? own : parsePlatform(text)));
  const texts = wanted.map(formatPlatform);
  return wanted.length === 0 ? [own] : wanted.filter((_, at) => texts.indexOf(texts[at]!) === at);
}

function toolboxOf(
  options: TimedOptions,
  platform: string,
  background: BackgroundWork,
  { store, snapshots, shared }: BuildWorkspace,
  services: Services,
): Omit<Toolbox, 'admitSource' | 'onFailedCommand' | 'download' | 'openRepository'> {
  return {
    store,
    snapshots,
    // Without layers nothing is looked up, as with Buildah: a record names a layer that such a build does not have.
    cache: new StepCache(
      store,
      takesNothing(options) || !options.layers,
      (diffId) => shared?.isObtainable(diffId) ?? false,
      (label) => services.reporter.report({ kind: 'note', text: `Waiting for another build that is at ${label}` }),
    ),
    reporter: services.reporter,
    background,
    interrupted: services.signal,
    compression: options.compression?.format ?? (options.format === 'docker' ? 'gzip' : 'zstd'),
    compressionLevel: options.compression?.level,
    layerPerStep: options.layers,
    singleId: services.settings.idMode === 'single',
    platform,
    timestampSeconds: options.times.forceSeconds,
    clampSeconds: options.times.clampSeconds,
    now: () => new Date().toISOString(),
  };
}

function explainingOf(options: BuildOptions, toolbox: Toolbox): DecisionLogOptions {
  const { store, cache, background, reporter, layerPerStep } = toolbox;
  const explainer = new StepExplainer(store, cache, layerPerStep);
  return { explainer, background, reporter, isShown: options.explain === true };
}

async function openBuildContext({ ignoreFile }: BuildOptions, place: BuildPlace, { store }: Workspace): Promise<Context> {
  const { directory, origin, containerfile } = place;
  // As with BuildKit, only the user's own directory is read by its own ignore files.
  if (origin !== undefined) return openContext({ directory, ignoreFile, ownIgnoreFiles: false, place: `the build context ${origin}` });
  return openContext({ directory, ignoreFile, containerfile: containerfile.path, statCacheDirectory: store.statCacheDir });
}

async function fetchedPlace(options: BuildOptions, remote: LateSources, gate: SourceGate, services: Services): Promise<BuildPlace> {
  const { fetchPlace } = await import('./build/contexts/fetched-place.js');
  return fetchPlace(options, await remote.open(), gate, services);
}

type TimedOptions = BuildOptions & { readonly times: BuildTimes };

/** The options with the times they mean, which an ARG may ask for too. */
function withTimes(options: BuildOptions, { settings }: Services): TimedOptions {
  const times = chooseTimes(options, settings.sourceDateEpoch);
  const argument = times.argument === undefined ? {} : { SOURCE_DATE_EPOCH: times.argument };
  return { ...options, buildArgs: { ...argument, ...options.buildArgs }, times };
}

function warnAboutArguments(unused: readonly string[], { reporter }: Services): void {
  if (unused.length === 0) return;
  reporter.report({ kind: 'warning', text: `one or more build args were not consumed: [${unused.join(' ')}]` });
}

/** A device by its path or name. @throws {UsageError} there is none */
async function findDevice(name: string, directories: readonly string[]): Promise<readonly RunMount[]> {
  const [{ CDI_DIRECTORIES }, { readDevice }] = await Promise.all([
    import('./surroundings/devices/cdi.js'),
    import('./surroundings/devices/device-flag.js'),
  ]);
  const { mounts, env } = readDevice(name, [...CDI_DIRECTORIES, ...directories]);
  return [...mounts, { kind: 'variables', env }];
}

function warnAboutIds({ reporter, settings }: Services): void {
  if (settings.idMode === 'single')
    reporter.report({
      kind: 'warning',
      text: settings.idProblem ?? 'There is one id only: owners are kept in attributes, not on the files',
    });
}
