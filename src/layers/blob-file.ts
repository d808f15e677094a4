import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

/**
 * A blob being written to a file of its own, hashed on the way. Synchronous: for a worker thread. Not synced to disk; whoever
 * publishes the file does that.
 */
export class BlobFile {
  readonly #file: string;
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  #size = 0;

  /** The file is made, or emptied. */
  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, 'w', 0o644);
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#size += bytes.length;
  }

  /** Digest in hexadecimal digits, size in bytes. */
  finish(): { readonly digest: string; readonly size: number } {
    closeSync(this.#fd);
    return { digest: this.#hash.digest('hex'), size: this.#size };
  }

  /** Instead of `finish`: nothing is left behind. */
  discard(): void {
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}
