import { hasCode } from '../../errors.js';
import { explainStoreError } from '../../store/index.js';

/**
 * A full disk said as what it is: everything a step writes lies in the store, whatever name it has in the image. Other errors come back
 * unchanged.
 */
export function explainFullDisk(error: unknown, storeRoot: string): unknown {
  // A layer's own error names no place; the system's error below it says whether it is the disk or a quota.
  const origin = hasCode(error, 'STORE_FULL') && error instanceof Error ? (error.cause ?? error) : error;
  return hasCode(origin, 'ENOSPC') || hasCode(origin, 'EDQUOT') ? explainStoreError(origin, storeRoot) : error;
}
