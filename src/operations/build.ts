import { availableParallelism } from 'node:os';
import { Scheduler } from '../builder/scheduler/index.js';
import { BackgroundWork, isUnpublished, type RootState, type Toolbox } from '../builder/steps/index.js';
import { type Context, openContext, openedContext } from '../context/index.js';
import { type Descriptor, formatPlatform, type Platform } from '../image/index.js';
import type { IdMaps } from '../sys/index.js';
import { BaseImages } from './build/base-images.js';
import { type BuiltGoal, buildGoals, type Goal } from './build/build-goals.js';
import { type BuildOptions, type TimedOptions, withTimes } from './build/build-options.js';
import type { FailedStep } from './build/build-stages.js';
import { type BuildSurroundings, withBuildSurroundings } from './build/build-surroundings.js';
import { buildToolbox, explainingOf } from './build/build-toolbox.js';
import { checkResult, demandDeletion } from './build/check-result.js';
import { type BuildPlace, isFetchedContext, localPlace } from './build/contexts/build-place.js';
import { type BuildSources, withBuildSources } from './build/contexts/build-sources.js';
import { type NamedContexts, namedContexts } from './build/contexts/named-contexts.js';
import { FailureShell, stageShell } from './build/debug-shell.js';
import { idleSurplus } from './build/idle-surplus.js';
import { stepMaker } from './build/make-step.js';
import { memoryBrake } from './build/memory-brake.js';
import { planTargets, type TargetPlan } from './build/plan-targets.js';
import { prefetchBases } from './build/prefetch-bases.js';
import { publishTargets } from './build/publish-targets.js';
import { readGoals } from './build/read-goals.js';
import { writeResultFiles } from './build/result-files.js';
import { saveStages } from './build/save-stages.js';
import { sayingOnce } from './build/saying-once.js';
import type { Scanning, ScanningOptions } from './build/scan-target.js';
import { type BuildWorkspace, withSharedWorkspace } from './build/shared-workspace.js';
import { SourceGate } from './build/source-gate.js';
import type { SourcePolicy } from './build/source-policy.js';
import { withFindings } from './check/with-findings.js';
import { type Services, type Workspace, withWorkspace } from './context.js';
import { RegistryAccess } from './registry-access.js';
import { collectWhenDue } from './storage/collect-when-due.js';
import { withHeldIds } from './surroundings/auto-ids.js';

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
export async function build(given: BuildOptions, around: Services): Promise<BuildResult> {
  // However often it is attempted.
  const services = { ...around, reporter: sayingOnce(around.reporter) };
  const options = withTimes(given, services);
  const result = await withBuildSurroundings(options, services, async (surroundings) => {
    const { confidants } = surroundings;
    const gate = new SourceGate(await sourcePolicy(options));
    const local = isFetchedContext(options.contextDirectory) ? undefined : await localPlace(options, gate, services);
    return withWorkspace(services, (own) =>
      withHeldIds(surroundings.userNamespace, own.store, (idMaps) =>
        withBuildSources(options, { store: own.store, gate, confidants, local }, services, (sources) =>
          withSharedWorkspace(options, own, services, (workspace, options) =>
            attempt(options, { sources, surroundings: { ...surroundings, idMaps }, workspace, services }),
          ),
        ),
      ),
    );
  });
  await collectWhenDue(services, new Date());
  return result;
}

/** What an attempt at a build is given: a second one, without imported caches, is given the same but for the workspace. */
interface AttemptParts {
  readonly sources: BuildSources;
  readonly surroundings: BuildSurroundings & { readonly idMaps: IdMaps | undefined };
  readonly workspace: BuildWorkspace;
  readonly services: Services;
}

async function attempt(options: TimedOptions, parts: AttemptParts): Promise<BuildResult> {
  const { sources, surroundings, workspace, services } = parts;
  const { gate, remote } = sources;
  const access = new RegistryAccess(services, options);
  const place = await sources.place();
  const contexts = namedContexts(options.buildContexts ?? [], remote, workspace.store.statCacheDir);
  const goals = await readGoals(place.containerfile, contexts.names, options, { workspace, access, gate }, services);
  const { graph } = goals[0]!;
  const plans = await planTargets(options, graph.targets);
  const { outputs } = plans.at(-1)!;
  checkResult(
    options,
    goals.map(({ platform }) => platform),
    outputs,
  );
  demandDeletion(outputs, surroundings.entitlements);
  warnAboutArguments(graph.unusedBuildArgs, services);
  warnAboutIds(services);
  const context = await openBuildContext(options, place, workspace);
  try {
    return await carryOut({ goals, plans, place, context, contexts }, access, options, parts);
  } finally {
    await contexts.close();
    await context.close();
  }
}

/** What is to be built, and of what. */
interface BuildPlan {
  readonly goals: readonly Goal[];
  /** Of the targets, which are the same for every goal. */
  readonly plans: readonly TargetPlan[];
  readonly place: BuildPlace;
  readonly context: Context;
  readonly contexts: NamedContexts;
}

async function carryOut(plan: BuildPlan, access: RegistryAccess, options: TimedOptions, parts: AttemptParts): Promise<BuildResult> {
  const { goals, plans, place, context, contexts } = plan;
  const { sources, surroundings, workspace, services } = parts;
  const { reporter } = services;
  const { store, remote, shared } = workspace;
  const { network } = surroundings;
  const stop = (reason: unknown): void => scheduler.cancel(reason);
  const background = new BackgroundWork(stop);
  const debug = options.onError === 'shell' ? new FailureShell(stop, network, services) : undefined;
  const toolbox: Toolbox = buildToolbox(options, { workspace, sources, background, onFailedCommand: debug?.onFailedCommand }, services);
  const scheduler: Scheduler<RootState> = new Scheduler({
    jobs: options.jobs ?? (() => availableParallelism()),
    surplus: options.jobs === undefined ? idleSurplus() : undefined,
    hasRoom: memoryBrake(reporter),
    cache: toolbox.cache,
    signal: services.signal,
  });
  const images = new BaseImages({ store, access, services, remote }, options.pull, exactPlatforms(goals, workspace), sources.gate);
  prefetchBases(goals, (at) => plans[at]!.isKept, images, remote);
  const building = {
    images,
    scheduler,
    toolbox,
    contexts,
    lostLayers: (error: unknown) => remote.failedLayers(error),
    onFailedStep: debug === undefined ? undefined : (failure: FailedStep) => debug.onFailedStep(failure, toolbox),
    noCacheFilter: options.noCacheFilter ?? [],
    containerfilePath: place.containerfile.path ?? place.origin,
    explaining: explainingOf(options, toolbox),
    inheritLabels: options.inheritLabels,
    isRootSeen: areFilesSeen(options, plans),
    makeStep: stepMaker({ ...surroundings, toolbox, context: openedContext(context) }),
  };
  try {
    const checking = { graph: goals[0]!.graph, buildPlatform: workspace.platform, excludes: context.excludes };
    const built = await withFindings({ ...checking, images, reporter }, () => buildGoals(goals, building));
    if (options.shell === true) await stageShell(built.at(-1)!.targets.at(-1)!, network, toolbox, services);
    // Of a layer that is still being packed the files are there: the disk need not wait for the blob.
    const isPacking = built.some(({ targets }) => targets.some(({ root }) => root.layers.some(isUnpublished)));
    await (isPacking ? workspace.store.writingBack(background.done()) : background.done());
    if (options.saveStages === true) await saveStages(built, options, toolbox, workspace, services);
    const scanning = { place, context: openedContext(context), surroundings, access, scheduler, toolbox };
    const whole = options.scan === undefined ? built : await scanned(built, { ...options, scan: options.scan }, scanning, parts);
    const published = await publishTargets(whole, plans, options, { scheduler, toolbox, workspace, access, services });
    const last = published.at(-1)!;
    writeResultFiles(options, last, plans.at(-1)!.tags);
    await shared?.export(built.flatMap(({ targets }) => targets.map(({ root }) => root)));
    return { imageId: last.id, digest: last.descriptor.digest, imageIds: published.map(({ id }) => id), descriptor: last.descriptor };
  } finally {
    await background.settled();
    await images.publish();
  }
}

/** The goals with what a scanner found in their targets. */
async function scanned(
  built: readonly BuiltGoal[],
  options: ScanningOptions,
  scanning: Scanning,
  { workspace, services }: AttemptParts,
): Promise<readonly BuiltGoal[]> {
  const { scanGoals } = await import('./build/scan-target.js');
  return scanGoals(built, options, scanning, workspace, services);
}

/** Read before anything else: a build that should have one does not begin without it. */
async function sourcePolicy({ sourcePolicyFile }: BuildOptions): Promise<SourcePolicy | undefined> {
  return sourcePolicyFile === undefined ? undefined : (await import('./build/read-source-policy.js')).readSourcePolicy(sourcePolicyFile);
}

async function openBuildContext({ ignoreFile }: BuildOptions, place: BuildPlace, { store }: Workspace): Promise<Context> {
  const { directory, origin, containerfile } = place;
  // As with BuildKit, only the user's own directory is read by its own ignore files.
  if (origin !== undefined) return openContext({ directory, ignoreFile, ownIgnoreFiles: false, place: `the build context ${origin}` });
  return openContext({ directory, ignoreFile, containerfile: containerfile.path, statCacheDirectory: store.statCacheDir });
}

/** Platforms for which an image of the store for another one will not do. */
function exactPlatforms(goals: readonly Goal[], { platform: own }: Workspace): (platform: Platform) => boolean {
  const isForeign = (platform: Platform): boolean => formatPlatform(platform) !== formatPlatform(own);
  // This machine's own is forgiving when it is the only one: an image that is mislabelled may still run.
  return goals.some(({ platform }) => isForeign(platform)) ? () => true : isForeign;
}

/** Whether anything reads the files of what the last stage becomes, besides the layers they were made as. */
function areFilesSeen({ squash, shell, scan }: BuildOptions, plans: readonly TargetPlan[]): boolean {
  const isWhole = squash === true || shell === true || scan !== undefined;
  return isWhole || plans.some(({ outputs }) => outputs.some(({ kind }) => kind === 'local' || kind === 'tar'));
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
