/** `BlockRing::kBlockSize` of the addon. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Memory that threads of the addon and JavaScript hand to each other in blocks, one after the other, again and again. Kept from layer to
 * layer: pages that were never touched cost nothing, and those that were are not asked of the kernel again.
 */
export class BlockMemory {
  readonly bytes: Buffer;
  readonly #blocks: readonly Buffer[];

  constructor(count: number) {
    this.bytes = Buffer.allocUnsafeSlow(count * BLOCK_BYTES);
    this.#blocks = Array.from({ length: count }, (_, index) => this.bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
  }

  /** The block used `turn` blocks after the first. */
  block(turn: number): Buffer {
    return this.#blocks[turn % this.#blocks.length]!;
  }
}
