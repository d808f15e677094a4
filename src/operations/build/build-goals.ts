import { findFaults, type Graph, type ResolveOptions, resolveStages, type Stage } from '../../builder/graph/index.js';
import { formatPlatform, type Platform } from '../../image/index.js';
import { type Containerfile, combineSyntaxErrors } from '../../parser/index.js';
import { StageBuilder, type StageBuilderOptions } from './build-stages.js';
import type { BuiltStage } from './stage-image.js';

/** What a build makes for one platform. */
export interface Goal {
  readonly platform: Platform;
  readonly graph: Graph;
  /** Undefined when it is the only one. */
  readonly place: { readonly platform: string; readonly first: number } | undefined;
}

/**
 * The graph for each platform; stages are numbered one platform after the other.
 * @throws {ContainerfileSyntaxError} every mistake of the stages that can be told before anything is built
 */
export function resolveGoals(
  containerfile: Containerfile,
  platforms: readonly Platform[],
  options: Omit<ResolveOptions, 'platform' | 'namedContexts'>,
  contextsFor: (platform: Platform) => readonly string[] = () => [],
): readonly Goal[] {
  let first = 0;
  return platforms.map((platform) => {
    const graph = resolveStages(containerfile, { ...options, platform, namedContexts: contextsFor(platform) });
    const faults = findFaults(graph.stages);
    if (faults.length > 0) throw combineSyntaxErrors(faults);
    const place = platforms.length === 1 ? undefined : { platform: formatPlatform(platform), first };
    first += graph.stages.length;
    return { platform, graph, place };
  });
}

export interface BuiltGoal {
  readonly goal: Goal;
  /** As the graph's targets. */
  readonly targets: readonly BuiltStage[];
  /** The stages the targets needed. */
  readonly others: readonly BuiltStage[];
}

/** Builds all goals at once; steps that are equal for several platforms run once. @throws the first failure, after all have stopped */
export async function buildGoals(
  goals: readonly Goal[],
  parts: Omit<StageBuilderOptions, 'graph' | 'place'>,
): Promise<readonly BuiltGoal[]> {
  const building = goals.map(async (goal): Promise<BuiltGoal> => {
    const builder = new StageBuilder({ ...parts, graph: goal.graph, place: goal.place });
    const targets = await builder.build();
    return { goal, targets, others: await builder.others() };
  });
  const results = await Promise.allSettled(building);
  const failures = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  // Every goal fails with the first reason; the one it happened to also knows where.
  if (failures.length > 0) throw failures.find((failure) => failure !== parts.scheduler.signal.reason) ?? failures[0];
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** The number of a stage in progress lines. */
export function stageNumber({ graph, place }: Goal, stage: Stage): number {
  return (place?.first ?? 0) + graph.stages.findIndex(({ index }) => index === stage.index);
}
