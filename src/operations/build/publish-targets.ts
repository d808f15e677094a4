import type { Scheduler } from '../../builder/scheduler/index.js';
import type { RootState, Toolbox } from '../../builder/steps/index.js';
import type { Descriptor } from '../../image/index.js';
import type { Services } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import { type BuiltGoal, stageNumber } from './build-goals.js';
import type { TimedOptions } from './build-options.js';
import { finishStage, squashStage } from './finish-stage.js';
import { annotationTargets } from './image-annotations.js';
import type { TargetPlan } from './plan-targets.js';
import { type BuiltImage, type PublishedTarget, publishTarget } from './publish-build.js';
import type { BuildWorkspace } from './shared-workspace.js';

export interface PublishParts {
  readonly scheduler: Scheduler<RootState>;
  readonly toolbox: Toolbox;
  readonly workspace: BuildWorkspace;
  readonly access: RegistryAccess;
  readonly services: Services;
}

/** Finishes every target for each platform, sends it where it goes, and gives it its names; one after the other, as they were asked for. */
export async function publishTargets(
  built: readonly BuiltGoal[],
  plans: readonly TargetPlan[],
  options: TimedOptions,
  parts: PublishParts,
): Promise<readonly PublishedTarget[]> {
  const published: PublishedTarget[] = [];
  for (const [at, plan] of plans.entries()) {
    const images = await finishTarget(built, at, plan, options, parts);
    const { store } = parts.workspace;
    const publishing = {
      format: options.format,
      names: plan.names,
      list: plan.list,
      shownName: plan.shownName,
      indexAnnotations: annotationTargets(options.annotations, built[0]!.goal.platform).index,
      beforeNaming: (descriptor: Descriptor) => send(descriptor, built, at, plan, options, parts),
    };
    published.push(await publishTarget(images, publishing, { store, ...parts.services }));
  }
  return published;
}

/** The images of one target, one for each platform. */
async function finishTarget(
  built: readonly BuiltGoal[],
  at: number,
  { isKept }: TargetPlan,
  options: TimedOptions,
  { scheduler, toolbox, workspace, services: { signal } }: PublishParts,
): Promise<readonly BuiltImage[]> {
  const finished: BuiltImage[] = [];
  for (const { goal, targets } of built) {
    const target = targets[at]!;
    const { stage } = target;
    const whole = options.squash === true ? await squashStage(target, scheduler, toolbox) : target;
    const image = await finishStage(whole, options, options, toolbox, workspace, { isKept, signal });
    const { descriptor: annotations } = annotationTargets(options.annotations, stage.platform);
    finished.push({ image, platform: stage.platform, stage: stageNumber(goal, stage), annotations });
  }
  return finished;
}

async function send(
  descriptor: Descriptor,
  built: readonly BuiltGoal[],
  at: number,
  { names, outputs, destinations }: TargetPlan,
  options: TimedOptions,
  { workspace, access, services }: PublishParts,
): Promise<void> {
  if (outputs.length + destinations.length === 0) return;
  const roots = built.map(({ targets }) => ({ root: targets[at]!.root, platform: targets[at]!.stage.platform }));
  const { imageSeconds: timeSeconds } = options.times;
  const { standardOutput } = options;
  const { writeOutputs } = await import('./write-outputs.js');
  await writeOutputs(outputs, destinations, { descriptor, roots, names, timeSeconds, access, standardOutput }, workspace, services);
}
