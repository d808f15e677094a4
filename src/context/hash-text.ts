import { createHash, type Hash } from 'node:crypto';
import { sha256Hex } from '../sha256.js';

const BLOCK_BYTES = 64 * 1024;
/** Of UTF-8, for each unit of a string. */
const MOST_BYTES_PER_UNIT = 3;

/** Many short texts and bytes into one sha256: each call of a hash costs more than the few bytes it is given. */
export class HashText {
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #filled = 0;
  /** Of the blocks before this one, if there are any. */
  #hash: Hash | undefined;

  text(text: string): void {
    if (text.length * MOST_BYTES_PER_UNIT > BLOCK_BYTES) {
      this.bytes(Buffer.from(text));
      return;
    }
    if (this.#filled + text.length * MOST_BYTES_PER_UNIT > BLOCK_BYTES) this.#flush();
    this.#filled += this.#block.write(text, this.#filled);
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > BLOCK_BYTES) {
      this.#flush().update(bytes);
      return;
    }
    if (this.#filled + bytes.length > BLOCK_BYTES) this.#flush();
    this.#block.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** In hexadecimal digits; nothing may follow. */
  digest(): string {
    if (this.#hash === undefined) return sha256Hex(this.#block.subarray(0, this.#filled));
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): Hash {
    this.#hash ??= createHash('sha256');
    this.#hash.update(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
    return this.#hash;
  }
}
