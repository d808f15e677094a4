import { closeSync, openSync } from 'node:fs';
import type { GrowingFile } from '../../layers/index.js';
import { giveBack } from '../../registry/index.js';
import type { BlobRef, Store } from '../../store/index.js';

/** A blob on its way into the store. Others may read what is there of it. */
export class LayerDownload {
  /** Resolves when the store has the blob, verified; rejects when it will not come. */
  readonly done: Promise<void>;
  #fd: number | undefined;
  #bytes = 0;
  readonly #listeners = new Set<(bytes: number) => void>();
  readonly #opened: Promise<void>;

  /** @param content of the blob, as it comes from outside */
  constructor(content: AsyncIterable<Uint8Array>, blob: BlobRef, store: Store, signal: AbortSignal) {
    let opened = (): void => {};
    this.#opened = new Promise((resolve) => {
      opened = resolve;
    });
    const onGrowth = (file: string, bytes: number): void => {
      // Its own descriptor: the file gets another name when it is complete.
      this.#fd ??= openSync(file, 'r');
      this.#bytes = bytes;
      opened();
      for (const listener of this.#listeners) listener(bytes);
    };
    this.done = store.blobs
      .put(content, blob, { signal, onGrowth, onWritten: giveBack })
      .then(() => {})
      .finally(() => {
        if (this.#fd !== undefined) closeSync(this.#fd);
        this.#fd = undefined;
      });
    // Whoever waits hears of it; when nobody does, nothing is lost.
    this.done.catch(() => {});
  }

  /** The unfinished file; undefined when the store has the blob. @throws what has ended the download */
  async open(): Promise<GrowingFile | undefined> {
    await Promise.race([this.#opened, this.done]);
    if (this.#fd === undefined) {
      await this.done;
      return undefined;
    }
    const fd = openSync(`/proc/self/fd/${this.#fd}`, 'r');
    return {
      fd,
      follow: async (grown) => {
        grown(this.#bytes);
        this.#listeners.add(grown);
        try {
          await this.done;
        } finally {
          this.#listeners.delete(grown);
        }
      },
      close: () => closeSync(fd),
    };
  }
}
