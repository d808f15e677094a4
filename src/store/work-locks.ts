import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from './layout.js';
import { acquireLock, type Release, tryLock } from './locks.js';

export interface WorkLockOptions {
  readonly signal?: AbortSignal;
  /** Called when another holds the lock, before the waiting begins. */
  readonly onWait?: () => void;
}

export interface WorkLock {
  /** Another held it when it was asked for. */
  readonly waited: boolean;
  readonly release: Release;
}

/**
 * Be the only one of all processes that does the work called `hex`; waits in the kernel while another does it. Files of such locks stay
 * until a collection.
 *
 * @param hex hexadecimal digits of a sha256 digest
 */
export async function lockWork(layout: Layout, hex: string, options: WorkLockOptions): Promise<WorkLock> {
  if (!/^[a-f0-9]{64}$/.test(hex)) throw new TypeError(`Not the digits of a sha256 digest: ${JSON.stringify(hex)}`);
  mkdirSync(layout.workLocks, { recursive: true });
  const file = join(layout.workLocks, hex);
  const free = await tryLock(file, 'exclusive');
  if (free !== undefined) return { waited: false, release: free };
  options.onWait?.();
  const release = await acquireLock(file, 'exclusive', options.signal === undefined ? {} : { signal: options.signal });
  return { waited: true, release };
}
