import { readSync } from 'node:fs';
import type { Fd } from '../sys/index.js';

/** A file that somebody is still writing, from beginning to end. */
export interface GrowingFile {
  /** Read by position only; open until `close`. */
  readonly fd: Fd;
  /**
   * Calls `grown` with the bytes that are there: now, and whenever there are more.
   * @returns resolves when the file is complete, rejects with what has ended its growth otherwise
   */
  follow(grown: (bytes: number) => void): Promise<void>;
  /** To be called once, by whoever was given this. */
  close(): void;
}

/**
 * The bytes of a file as far as it has grown, and what comes as it comes: the reading side of a {@link GrowingFile} in a worker. Each piece
 * lies where the one before lay.
 */
export class GrowingBytes implements AsyncIterable<Uint8Array> {
  #bytes = 0;
  #state: 'growing' | 'complete' | 'broken' = 'growing';
  #wake: (() => void) | undefined;

  constructor(
    readonly fd: Fd,
    readonly chunkBytes: number,
  ) {}

  grow(bytes: number): void {
    this.#bytes = bytes;
    this.#wake?.();
  }

  end(): void {
    this.#state = 'complete';
    this.#wake?.();
  }

  /** The iteration fails at once: what is there is of no use without the rest. */
  break(): void {
    this.#state = 'broken';
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(this.chunkBytes);
    for (let at = 0; ; ) {
      if (this.#state === 'broken') throw new Error('The file will not be complete');
      if (at < this.#bytes) {
        const size = readSync(this.fd, buffer, 0, Math.min(buffer.length, this.#bytes - at), at);
        if (size === 0) throw new Error('The file has become shorter');
        at += size;
        yield buffer.subarray(0, size);
      } else if (this.#state === 'complete') {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
