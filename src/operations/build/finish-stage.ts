import type { Scheduler } from '../../builder/scheduler/index.js';
import { ConstantStep, diffIdsOf, type RootState, SquashStep, type Toolbox } from '../../builder/steps/index.js';
import type { DiffId } from '../../image/index.js';
import type { TimedOptions } from './build-options.js';
import { takesNothing } from './cache-flags.js';
import { describeImage, type ImageOptions } from './describe-image.js';
import { type FinishedImage, finishImage } from './finish-image.js';
import { locateLostLayer } from './locate-failure.js';
import type { BuildWorkspace } from './shared-workspace.js';
import type { BuiltStage } from './stage-image.js';

export async function finishStage(
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
  await built.decisions?.write(finished.imageId, toolbox.now, toolbox.store);
  return finished;
}

/** The stage with everything it holds in one layer. */
export async function squashStage(built: BuiltStage, scheduler: Scheduler<RootState>, toolbox: Toolbox): Promise<BuiltStage> {
  const whole = new ConstantStep(`squashed ${(await diffIdsOf(built.root)).join(' ')}`, built.root);
  const { value: root } = await scheduler.evaluate(new SquashStep(whole, toolbox));
  return { ...built, root };
}
