import type { Reporter } from '../../progress.js';
import { type Memory, readMemory } from '../../sys/index.js';

const MAX_RESERVE_BYTES = 1 << 30;
/** Of all memory, where that is less. */
const RESERVE_SHARE = 0.1;

/**
 * Whether one more step may start beside those that run: not while less than a tenth of the memory, or less than 1 GiB, is left. Says so
 * the first time it is the case.
 */
export function memoryBrake(reporter: Reporter, read: () => Memory = readMemory): () => boolean {
  let told = false;
  return () => {
    const { availableBytes, totalBytes } = read();
    if (availableBytes >= Math.min(MAX_RESERVE_BYTES, totalBytes * RESERVE_SHARE)) return true;
    if (!told) {
      told = true;
      const text = `Only ${Math.round(availableBytes / (1 << 20))} MiB of memory are left: steps wait until running ones have ended`;
      reporter.report({ kind: 'note', text });
    }
    return false;
  };
}
