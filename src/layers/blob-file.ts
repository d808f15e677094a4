import { closeSync, openSync, rmSync } from 'node:fs';
import { BlockMemory } from './block-memory.js';
import type { ByteOutput } from './byte-output.js';
import { type BlobWriter, layerAddon } from './native.js';

/** 4 MiB: the compressor gives what it has in bursts, and half of the ring waits for the tar to be hashed along with. */
const memory = new BlockMemory(16);

/**
 * A blob being written to a file of its own and hashed, on threads beside. Its methods wait while that is behind: for a worker
 * thread, which has one at a time. Not synced to disk; whoever publishes the file does that.
 */
export class BlobFile implements ByteOutput {
  readonly #file: string;
  readonly #fd: number;
  readonly writer: BlobWriter;
  #turn = 0;
  #filled = 0;

  /** The file is made, or emptied. */
  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, 'w', 0o644);
    const { BlobWriter } = layerAddon();
    this.writer = new BlobWriter(this.#fd, memory.bytes);
  }

  room(): Uint8Array {
    return memory.block(this.#turn).subarray(this.#filled);
  }

  filled(bytes: number): void {
    this.#filled += bytes;
    if (this.#filled < memory.block(this.#turn).length) return;
    this.writer.publish(this.#filled);
    this.#turn++;
    this.#filled = 0;
  }

  /** Digest in hexadecimal digits, size in bytes. */
  finish(): { readonly digest: string; readonly size: number } {
    return this.writer.finish(this.#filled);
  }

  close(): void {
    this.writer.cancel();
    closeSync(this.#fd);
  }

  /** Instead of `finish`: nothing is left behind. */
  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
