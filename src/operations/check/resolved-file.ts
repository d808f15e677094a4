import {
  findFaults,
  type Graph,
  type LoweredStage,
  lowerStage,
  resolveStages,
  type Stage,
  type StageInput,
} from '../../builder/graph/index.js';
import { hasCode } from '../../errors.js';
import type { ImageConfig, Platform } from '../../image/index.js';
import { type Containerfile, ContainerfileSyntaxError, inspectContainerfile, type Source } from '../../parser/index.js';
import type { NamedContexts } from '../build/contexts/named-contexts.js';
import type { Workspace } from '../context.js';
import { baseConfig, type ConfigSearch } from './base-configs.js';
import type { CheckedPlace } from './with-place.js';

export interface FileOptions {
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Stages to look at, with what they need; none: all of the file. */
  readonly targets: readonly string[];
  readonly platform?: Platform | undefined;
}

/** A Containerfile resolved as far as it can be without building anything. */
export interface ResolvedFile {
  readonly source: Source;
  /** Absolute path of the file; `undefined` for standard input. */
  readonly path: string | undefined;
  readonly containerfile: Containerfile;
  /** Every mistake that is found without running anything. */
  readonly errors: readonly ContainerfileSyntaxError[];
  readonly platform: Platform;
  /** `undefined` when the file has mistakes that leave its stages unclear. */
  readonly graph: Graph | undefined;
  /** Stages that are looked at. */
  readonly stages: readonly Stage[];
  /** Configurations of base images that are known, by stage. */
  readonly bases: ReadonlyMap<number, ImageConfig>;
  /** Stages whose steps are known, by index: not those on a base that is not. */
  readonly lowered: ReadonlyMap<number, LoweredStage>;
}

/** @throws {UsageError} no stage has the name of a target @throws {ContainerfileMissingError} */
export async function resolveFile(
  options: FileOptions,
  { place, contexts }: Pick<CheckedPlace, 'place' | 'contexts'>,
  search: ConfigSearch,
  { platform: own }: Pick<Workspace, 'platform'>,
): Promise<ResolvedFile> {
  const { name, text, path } = place.containerfile;
  const source = { name, text };
  const inspected = inspectContainerfile(source);
  const { containerfile } = inspected;
  const errors = [...inspected.errors];
  const platform = options.platform ?? own;
  const nothing = { source, path, containerfile, platform, stages: [], bases: new Map(), lowered: new Map() };
  if (errors.length > 0) return { ...nothing, errors, graph: undefined };
  const { buildArgs, targets } = options;
  const namedContexts = contexts.names(platform);
  const graph = collecting(errors, () =>
    resolveStages(containerfile, { buildArgs, target: targets, platform, buildPlatform: own, namedContexts }),
  );
  if (graph === undefined) return { ...nothing, errors, graph };
  const stages = targets.length === 0 ? graph.allStages : graph.stages;
  const bases = new Map<number, ImageConfig>();
  await Promise.all(
    stages.map(async ({ index, base, platform: wanted }) => {
      const config = await configOf(base, wanted, contexts, search);
      if (config !== undefined) bases.set(index, config);
    }),
  );
  const lowered = new Map<number, LoweredStage>();
  for (const stage of stages) {
    const input = inputOf(stage, bases, lowered);
    const result = input === undefined ? undefined : collecting(errors, () => lowerStage(stage, input));
    if (result !== undefined) lowered.set(stage.index, result);
  }
  // Stages on images that are not known have mistakes that can be told all the same.
  for (const fault of findFaults(stages)) {
    if (!errors.some(({ line, column, problem }) => line === fault.line && column === fault.column && problem === fault.problem)) {
      errors.push(fault);
    }
  }
  return { source, path, containerfile, errors, platform, graph, stages, bases, lowered };
}

/** The configuration of what a stage begins with, if it is no other stage; that of a directory is empty. */
async function configOf(
  base: Stage['base'],
  platform: Platform,
  contexts: NamedContexts,
  search: ConfigSearch,
): Promise<ImageConfig | undefined> {
  if (base.kind === 'image') return baseConfig(base.reference, platform, search);
  if (base.kind !== 'named-context') return undefined;
  const context = await contexts.get(base.name, platform, search.services.signal);
  if (context.kind === 'image') return baseConfig(context.reference, platform, search);
  return { ...platform, rootfs: { type: 'layers', diff_ids: [] } };
}

function inputOf(
  { index, base }: Stage,
  bases: ReadonlyMap<number, ImageConfig>,
  lowered: ReadonlyMap<number, LoweredStage>,
): StageInput | undefined {
  if (base.kind === 'scratch') return { config: {} };
  if (base.kind === 'stage') return lowered.get(base.index);
  const config = bases.get(index);
  return config === undefined ? undefined : { config: config.config ?? {} };
}

/** What `work` gives; `undefined` when the file is wrong, which is kept. */
function collecting<T>(errors: ContainerfileSyntaxError[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ContainerfileSyntaxError) && !hasCode(error, 'CONTAINERFILE_SYNTAX')) throw error;
    errors.push(...(error as ContainerfileSyntaxError).errors);
    return undefined;
  }
}
