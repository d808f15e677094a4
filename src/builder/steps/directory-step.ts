import { closeFd, type Fd } from '../../sys/index.js';
import type { Step, StepKey } from '../scheduler/index.js';
import { lookUpOwner, UnknownUserError } from './image-user.js';
import { isDirectory, makeDirectories } from './make-directories.js';
import { type RootState, withLowers } from './root-state.js';
import { commonInputs, type StepInputs } from './step-definition.js';
import { type ExplainableKey, explainableKey } from './step-key.js';
import type { Toolbox } from './toolbox.js';
import { writeStep } from './write-step.js';

/** WORKDIR and VOLUME: directories that are made if they are missing. Adds no layer when all of them are there. */
export class DirectoryStep implements Step<RootState> {
  readonly inputs: readonly Step<RootState>[];
  readonly #keyInputs: StepInputs;

  /** @param paths absolute and cleaned @param user `user[:group]` of the image, owner of what is made; empty for root */
  constructor(
    readonly label: string,
    readonly parent: Step<RootState>,
    readonly paths: readonly string[],
    readonly user: string,
    readonly toolbox: Toolbox,
  ) {
    this.inputs = [parent];
    this.#keyInputs = { 'directory.paths': JSON.stringify(paths), 'directory.user': user, ...commonInputs(toolbox) };
  }

  async key(inputs: readonly RootState[]): Promise<ExplainableKey> {
    return explainableKey('directory', this.#keyInputs, inputs[0]!);
  }

  async run(inputs: readonly RootState[], key: StepKey, options: { readonly signal: AbortSignal }): Promise<RootState> {
    const parent = inputs[0]!;
    const createdAt = this.toolbox.now();
    const missing = await this.#missing(parent, options);
    const root =
      missing.length === 0
        ? { ...parent, addedLayer: false }
        : await writeStep(parent, this.toolbox, options, async ({ lowers, working }) => {
            const merged = await this.toolbox.snapshots.openMerged(lowers, working);
            try {
              makeDirectories(merged, missing, ownerOf(merged, this.user));
            } finally {
              closeFd(merged);
            }
          });
    if (root.addedLayer || missing.length === 0) this.toolbox.background.add(this.#record(key, root, createdAt));
    return { ...root, createdAt };
  }

  async #missing(parent: RootState, options: { readonly signal: AbortSignal }): Promise<readonly string[]> {
    return withLowers(parent, this.toolbox.snapshots, options, async (lowers) => {
      const open = parent.open === undefined ? [] : [parent.open.upper];
      const merged = await this.toolbox.snapshots.openMerged([...open, ...lowers]);
      try {
        return this.paths.filter((path) => !isDirectory(merged, path));
      } finally {
        closeFd(merged);
      }
    });
  }

  async #record(key: StepKey, root: RootState, createdAt: string): Promise<void> {
    // Without a layer per step nothing is ever looked up again.
    if (!this.toolbox.layerPerStep) return;
    const layer = root.addedLayer ? root.layers.at(-1)! : undefined;
    await layer?.stored;
    await this.toolbox.cache.record(key, this.#keyInputs, layer === undefined ? {} : { layer: await layer.identity }, createdAt);
  }
}

/** A user that the image does not know (yet) is no mistake here, with Buildah and BuildKit alike: root has the directory. */
function ownerOf(root: Fd, user: string): { readonly uid: number; readonly gid: number } {
  try {
    return lookUpOwner(root, user);
  } catch (error) {
    if (error instanceof UnknownUserError) return { uid: 0, gid: 0 };
    throw error;
  }
}
