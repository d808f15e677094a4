import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

export const DEFAULT_GZIP_LEVEL = 6;
/** The input is cut into blocks of this size, whatever the number of processors: the cut is part of the output. */
const BLOCK_BYTES = 1024 * 1024;
/** How far deflate can look back (RFC 1951): the end of one block is the dictionary of the next. */
const WINDOW_BYTES = 32 * 1024;

// RFC 1952 section 2.3: magic, deflate, no flags, time 0, no extra flags, operating system 255 (unknown).
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

const deflate = promisify<Buffer, object, Buffer>(deflateRaw);
type ByteSink = (bytes: Uint8Array) => void;

/**
 * A gzip stream of one member, compressed block by block on several threads: each block is a raw deflate stream that knows the last
 * 32 KiB before it and ends at a byte boundary, so the blocks put together are one stream. The bytes depend on the level, the input
 * and the version of zlib; not on how `write` calls cut the input, nor on the number of processors.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export class GzipBlocks {
  readonly #level: number;
  readonly #sink: ByteSink;
  readonly #inFlight: Promise<Buffer>[] = [];
  readonly #most = availableParallelism() + 1;
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #filled = 0;
  #window: Buffer | undefined;
  #checksum = 0;
  #inputBytes = 0;

  constructor(level: number | undefined, sink: ByteSink) {
    this.#level = level ?? DEFAULT_GZIP_LEVEL;
    this.#sink = sink;
    sink(HEADER);
  }

  /** `bytes` may be used again when this resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#checksum = crc32(bytes, this.#checksum);
    this.#inputBytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      // A full block waits for the next byte, since the last block ends differently.
      if (this.#filled === BLOCK_BYTES) await this.#startBlock(constants.Z_SYNC_FLUSH);
      const count = Math.min(bytes.length - at, BLOCK_BYTES - this.#filled);
      this.#block.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
    }
  }

  async end(): Promise<void> {
    await this.#startBlock(constants.Z_FINISH);
    while (this.#inFlight.length > 0) await this.#finishOldest();
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#checksum, 0);
    trailer.writeUInt32LE(this.#inputBytes % 2 ** 32, 4);
    this.#sink(trailer);
  }

  async #startBlock(finishFlush: number): Promise<void> {
    const input = this.#block.subarray(0, this.#filled);
    const dictionary = this.#window === undefined ? {} : { dictionary: this.#window };
    const compressed = deflate(input, { level: this.#level, finishFlush, chunkSize: BLOCK_BYTES / 2, ...dictionary });
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    compressed.catch(() => {});
    this.#inFlight.push(compressed);
    this.#window = Buffer.from(input.subarray(Math.max(0, input.length - WINDOW_BYTES)));
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#filled = 0;
    if (this.#inFlight.length >= this.#most) await this.#finishOldest();
  }

  async #finishOldest(): Promise<void> {
    const oldest = this.#inFlight.shift();
    if (oldest !== undefined) this.#sink(await oldest);
  }
}
