import type { ContentDigest, DiffId } from '../../image/index.js';
import type { WorkingLayer } from '../../snapshots/index.js';

/** What a layer is, once its tar has been hashed. */
export interface LayerIdentity {
  readonly diffId: DiffId;
  /** Over the layer without its mtimes; the diff id itself for a layer that was never walked here (a pulled one). */
  readonly contentDigest: ContentDigest;
  /** A layer that changes nothing. */
  readonly empty: boolean;
}

/** One layer of a root file system that is being built. Its identity and its blob may still be on their way. */
export interface LayerState {
  readonly identity: Promise<LayerIdentity>;
  /** Resolves when the layer's blob is in the store. */
  readonly stored: Promise<void>;
  /** Where its files are while they are no snapshot of the store yet. */
  readonly files?: UnpublishedFiles;
}

/** A layer whose identity is known, and whose blob is in the store or can be fetched. */
export function knownLayer(identity: LayerIdentity): LayerState {
  return { identity: Promise.resolve(identity), stored: Promise.resolve() };
}

/**
 * The sealed directory of a layer before it becomes a snapshot. It is renamed into the store when its identity is known and nobody is
 * starting to use it by path: a mount survives the rename, opening the old path does not.
 */
export class UnpublishedFiles {
  #users = 0;
  #publish: (() => void) | undefined;
  #published = false;
  readonly #done: Promise<void>;
  #resolveDone: () => void = () => {};
  #rejectDone: (error: unknown) => void = () => {};

  constructor(readonly working: WorkingLayer) {
    this.#done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    // Whoever publishes is told; who only waits may never come.
    this.#done.catch(() => {});
  }

  get published(): boolean {
    return this.#published;
  }

  /** Resolves when the files are a snapshot of the store; fails as their renaming does. */
  get whenPublished(): Promise<void> {
    return this.#done;
  }

  /** Keeps the path valid until the returned function is called. */
  hold(): () => void {
    this.#users++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#users--;
      this.#publishIfFree();
    };
  }

  /** Renames the files into the store by `rename`, now or as soon as nobody holds them. */
  publish(rename: () => void): void {
    this.#publish = rename;
    this.#publishIfFree();
  }

  /** They will never be published: whoever waits for that is told why. */
  abandon(reason: unknown): void {
    this.#publish = undefined;
    this.#rejectDone(reason);
  }

  #publishIfFree(): void {
    const publish = this.#publish;
    if (this.#users > 0 || publish === undefined) return;
    this.#publish = undefined;
    try {
      publish();
      this.#published = true;
      this.#resolveDone();
    } catch (error) {
      // Not to the holder that happened to be the last one.
      this.#rejectDone(error);
    }
  }
}
