import type { Stage, StageBase } from '../../builder/graph/index.js';
import type { Toolbox } from '../../builder/steps/index.js';
import type { Services } from '../context.js';
import type { BuiltGoal } from './build-goals.js';
import type { TimedOptions } from './build-options.js';
import type { ImageOptions } from './describe-image.js';
import { finishStage } from './finish-stage.js';
import type { BuildWorkspace } from './shared-workspace.js';
import type { BuiltStage } from './stage-image.js';

/** Makes images without a name of the stages that are no target. */
export async function saveStages(
  built: readonly BuiltGoal[],
  options: TimedOptions,
  toolbox: Toolbox,
  workspace: BuildWorkspace,
  { reporter, signal }: Services,
): Promise<void> {
  for (const { goal, others } of built) {
    for (const stage of others) {
      const described = stageImageOptions(stage, goal.graph.allStages, options.stageLabels === true);
      const { descriptor, imageId } = await finishStage(stage, options, described, toolbox, workspace, { isKept: true, signal });
      await workspace.store.names.publish([], descriptor);
      reporter.report({ kind: 'note', text: `Stage ${stage.stage.name ?? stage.stage.index} is kept as ${imageId}` });
    }
  }
}

/** What an image of an intermediate stage is described with: nothing that the command line says of the final image is said of it. */
function stageImageOptions(built: BuiltStage, allStages: readonly Stage[], withLabels: boolean): ImageOptions {
  return { labels: withLabels ? stageLabels(built.stage, allStages) : {}, annotations: {} };
}

/** Buildah's labels for such images. */
function stageLabels({ name, index, base }: Stage, allStages: readonly Stage[]): Readonly<Record<string, string>> {
  return { 'io.buildah.stage.name': name ?? String(index), 'io.buildah.stage.base': baseName(base, allStages) };
}

function baseName(base: StageBase, allStages: readonly Stage[]): string {
  switch (base.kind) {
    case 'scratch':
      return 'scratch';
    case 'stage':
      return allStages[base.index]?.name ?? String(base.index);
    case 'image':
      return base.reference;
    case 'named-context':
      return base.name;
  }
}
