import type { WorkingLayer } from '../../snapshots/index.js';
import { explainFullDisk } from './full-disk.js';
import { settleTimes } from './layer-times.js';
import { type RootState, withLowers } from './root-state.js';
import { sealAsBlob, sealLayer, type UnwrittenFiles } from './seal-layer.js';
import type { Toolbox } from './toolbox.js';

export interface WriteStepOptions {
  readonly signal: AbortSignal;
  /** `body` may write to files where they lie, as commands do; otherwise it only replaces them. */
  readonly inPlace?: boolean;
  /** The layer will lie on something else than `parent`: it becomes no snapshot, whose root would have the attributes of this one's. */
  readonly moves?: boolean;
}

/** Where a step that changes files does so. */
export interface Workplace {
  /** Directories of the layers below, top first. */
  readonly lowers: readonly string[];
  readonly working: WorkingLayer;
}

/**
 * Runs `body` on a working layer over `parent` and gives the root with what it changed: a layer of its own, or, where the stage makes one
 * layer of everything, the same open working layer as before.
 *
 * @param body gives the files it did not write, where the toolbox has a layer per step: they join the layer from where they lie
 */
export async function writeStep(
  parent: RootState,
  toolbox: Toolbox,
  options: WriteStepOptions,
  // biome-ignore lint/suspicious/noConfusingVoidType: most bodies write all they have and give nothing
  body: (workplace: Workplace) => Promise<UnwrittenFiles | void>,
): Promise<RootState> {
  return withLowers(parent, toolbox.snapshots, options, async (lowers) =>
    seal(parent, lowers, await write(parent, lowers, toolbox, options, body), toolbox, options),
  );
}

/** What the first half of a step left behind. */
export interface WrittenLayer {
  readonly working: WorkingLayer;
  readonly unwritten: UnwrittenFiles | undefined;
}

/** The first half of {@link writeStep}; {@link sealWritten} is the second, if it comes to that. */
export function writeAhead(
  parent: RootState,
  toolbox: Toolbox,
  options: WriteStepOptions,
  body: (workplace: Workplace) => Promise<void>,
): Promise<WrittenLayer> {
  return withLowers(parent, toolbox.snapshots, options, (lowers) => write(parent, lowers, toolbox, options, body));
}

/** @param written what {@link writeAhead} gave for the same parent and options */
export function sealWritten(parent: RootState, written: WrittenLayer, toolbox: Toolbox, options: WriteStepOptions): Promise<RootState> {
  return withLowers(parent, toolbox.snapshots, options, (lowers) => seal(parent, lowers, written, toolbox, options));
}

async function write(
  parent: RootState,
  lowers: readonly string[],
  { layerPerStep, snapshots, store }: Toolbox,
  { inPlace }: WriteStepOptions,
  // biome-ignore lint/suspicious/noConfusingVoidType: as that of writeStep
  body: (workplace: Workplace) => Promise<UnwrittenFiles | void>,
): Promise<WrittenLayer> {
  // Without a layer per step a later command writes to the same files.
  const onlyReplaced = layerPerStep && inPlace !== true;
  const working = parent.open === undefined ? await snapshots.prepare(lowers, { onlyReplaced }) : await snapshots.reopen(parent.open);
  try {
    return { working, unwritten: (await body({ lowers, working })) ?? undefined };
  } catch (error) {
    snapshots.discard(working);
    throw explainFullDisk(error, store.root);
  }
}

async function seal(
  parent: RootState,
  lowers: readonly string[],
  { working, unwritten }: WrittenLayer,
  toolbox: Toolbox,
  options: WriteStepOptions,
): Promise<RootState> {
  const changes = await toolbox.snapshots.changes(lowers, working);
  await settleTimes(working.upper, { forceSeconds: toolbox.timestampSeconds, clampSeconds: toolbox.clampSeconds }, changes);
  if (unwritten !== undefined || options.moves === true) {
    return { layers: [...parent.layers, sealAsBlob({ working, lowers, changes }, unwritten, toolbox)], addedLayer: true };
  }
  if (!toolbox.layerPerStep) return { layers: parent.layers, addedLayer: false, open: working };
  return { layers: [...parent.layers, sealLayer(parent, { working, lowers, changes }, toolbox)], addedLayer: true };
}

/** Makes the open working layer of a stage its one layer. */
export async function sealOpen(root: RootState, toolbox: Toolbox, options: { readonly signal: AbortSignal }): Promise<RootState> {
  const { open } = root;
  if (open === undefined) return root;
  return withLowers(root, toolbox.snapshots, options, async (lowers) => ({
    layers: [...root.layers, sealLayer(root, { working: open, lowers, changes: await toolbox.snapshots.changes(lowers, open) }, toolbox)],
    addedLayer: true,
  }));
}
