import { closeSync, constants, existsSync, openSync } from 'node:fs';
import type { DiffId } from '../../image/index.js';
import type { CopyEntry, Fd } from '../../sys/index.js';
import { contentOf, diffIdsOf, isUnpublished, type RootState } from './root-state.js';
import { changesBetween } from './selection-changes.js';
import { definitionOf, type StepInputs } from './step-definition.js';
import type { Selection } from './step-key.js';
import type { Toolbox } from './toolbox.js';

/** What an earlier run of a copy with other content left behind. */
export interface EarlierCopy {
  /** Its snapshot; the caller closes it by {@link close}. */
  readonly root: Fd;
  /** Whether a file that is copied had the content and attributes that it has now. */
  isSame(entry: CopyEntry): boolean;
  close(): void;
}

/**
 * One COPY on one parent, whatever it copies: remembers the layer that it gave last, so that files which have not changed since need not be
 * written again but become further names of those.
 *
 * That is sound because a layer's files are never written to in place: an overlay copies a lower file before it changes it, and a layer of
 * this kind is sealed before anything runs on it. And since the two layers stand on the same parent, they never meet in one root file
 * system, where one file under two names would look like a hard link.
 */
export class CopyHistory {
  /** Names the copy, whatever it copies. */
  readonly definition: string;

  /** @param inputs what the copy is, without what it copies */
  constructor(
    inputs: StepInputs,
    readonly parent: RootState,
    readonly toolbox: Toolbox,
  ) {
    this.definition = definitionOf('copy-before', inputs);
  }

  /** Nothing is known of such a copy, on whatever parent: most likely none has been made in this store. */
  get isEmpty(): boolean {
    return this.#mayShare() && !this.toolbox.store.cache.hasDefinition(this.definition);
  }

  /** Undefined where there is none, or where its files are not to be shared. */
  async open(selection: Selection): Promise<EarlierCopy | undefined> {
    const { parent, toolbox } = this;
    // Before the parent has its place in the store one would have to wait for its hash.
    if (!this.#mayShare() || parent.layers.some(isUnpublished) || selection.entries === undefined) return undefined;
    const record = toolbox.store.cache.find(this.definition, await contentOf(parent));
    const { layer, selection: before } = record?.result ?? {};
    if (typeof layer !== 'string' || typeof before !== 'string') return undefined;
    const [directory] = toolbox.snapshots.lowers([...(await diffIdsOf(parent)), layer as DiffId]);
    if (directory === undefined || !existsSync(directory)) return undefined;
    const old = await toolbox.store.selections.get(before);
    if (old === undefined) return undefined;
    const changed = new Set(changesBetween(old, selection.entries()).map(({ path }) => path));
    // Names that would be shown with escapes are not told apart by what is shown: their files are copied.
    const isUnchanged = (name: string): boolean => /^[\x20-\x7e]*$/.test(name) && !changed.has(name);
    const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    return { root, isSame: ({ from }) => isUnchanged(from.toString('latin1')), close: () => closeSync(root) };
  }

  async remember(selection: Selection, layer: DiffId, createdAt: string): Promise<void> {
    if (!this.#mayShare()) return;
    const parent = await contentOf(this.parent);
    const result = { layer, selection: selection.digest };
    await this.toolbox.store.cache.put({ definition: this.definition, parent, inputs: {}, result, createdAt });
  }

  /** Not where times are set on the files when the step ends, nor where a later command goes on in the same directory. */
  #mayShare(): boolean {
    const { layerPerStep, timestampSeconds, clampSeconds, snapshots } = this.toolbox;
    return layerPerStep && timestampSeconds === undefined && clampSeconds === undefined && snapshots.kind === 'overlay';
  }
}
