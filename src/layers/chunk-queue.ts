/** Chunks that come by messages, as one stream. */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  readonly #onTaken: () => void;
  #state: 'open' | 'ended' | 'broken' = 'open';
  #wake: (() => void) | undefined;

  /** @param onTaken called when a chunk is used up */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  end(): void {
    this.#state = 'ended';
    this.#wake?.();
  }

  /** The iteration fails once the chunks that are here are used up. */
  break(): void {
    this.#state = 'broken';
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        this.#onTaken();
      } else if (this.#state === 'open') {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (this.#state === 'broken') {
        throw new Error('The source of the stream failed');
      } else {
        return;
      }
    }
  }
}
