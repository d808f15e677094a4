import type { Step as GraphStep, LoweredStage, Stage } from '../../builder/graph/index.js';
import type { RootState } from '../../builder/steps/index.js';
import { completeHistory, emptyConfig, type HistoryEntry, type ImageConfig } from '../../image/index.js';
import type { DecisionLog } from '../decision-log.js';
import type { StageImage } from './base-images.js';

/** A stage that was built. */
export interface BuiltStage {
  readonly stage: Stage;
  readonly lowered: LoweredStage;
  readonly image: StageImage | undefined;
  readonly root: RootState;
  /** Of the instructions of this stage and of those below it, down to the base image. */
  readonly history: readonly HistoryEntry[];
  /** Of all stages that were built with it. */
  readonly decisions: DecisionLog | undefined;
}

/** The configuration of a built stage, but for its times. */
export function imageConfigOf(built: BuiltStage, diffIds: ImageConfig['rootfs']['diff_ids']): ImageConfig {
  const { stage, lowered, image } = built;
  const { os, architecture, variant } = stage.platform;
  const start: ImageConfig = image?.config ?? emptyConfig({ architecture, os, ...(variant === undefined ? {} : { variant }) });
  const { created: _created, author: _author, history: _history, ...base } = start;
  const author = lowered.author;
  return {
    ...base,
    ...(author === undefined ? {} : { author }),
    config: lowered.config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...completeHistory(start), ...built.history],
  };
}

/** What scripts tell BuildKit's own entries by. */
const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/** The entry of a step; a layer has one, whatever made it. */
export function historyOf(step: GraphStep, root: RootState | undefined, layerPerStep: boolean): HistoryEntry[] {
  if (step.createdBy === undefined) return [];
  const hasLayer = layerPerStep && root?.addedLayer === true;
  return [{ created_by: step.createdBy, comment: HISTORY_COMMENT, ...(hasLayer ? {} : { empty_layer: true }) }];
}

/** Where a stage makes one layer of everything, its last instruction is said to have made it. */
export function withLayer(history: readonly HistoryEntry[]): HistoryEntry[] {
  const last = history.at(-1);
  if (last === undefined) return [{ created_by: '/bin/sh' }];
  const { empty_layer: _, ...entry } = last;
  return [...history.slice(0, -1), entry];
}
