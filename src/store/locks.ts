import { closeSync, constants, openSync } from 'node:fs';
import { flock, flockTry, type LockKind } from '../sys/index.js';
import { explainingFailure } from './system-errors.js';

/** Lets go of a lock. Calling it twice does nothing. */
export type Release = () => void;

/**
 * Wait for a flock(2) on `file`, which is created if need be and never removed. The kernel lets go of it when the process ends, however it ends.
 * Two locks of one process on the same file exclude each other like those of two processes.
 */
export async function acquireLock(file: string, kind: LockKind, options?: { readonly signal?: AbortSignal }): Promise<Release> {
  const fd = openLockFile(file);
  try {
    await flock(fd, kind, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return closeOnce(fd);
}

/** As {@link acquireLock}, but gives up at once when another holds it. */
export async function tryLock(file: string, kind: LockKind): Promise<Release | undefined> {
  const fd = openLockFile(file);
  if (flockTry(fd, kind)) return closeOnce(fd);
  closeSync(fd);
  return undefined;
}

export async function withLock<T>(file: string, kind: LockKind, body: () => T | Promise<T>): Promise<T> {
  const release = await acquireLock(file, kind);
  try {
    return await body();
  } finally {
    release();
  }
}

// Read access is enough for flock(2), and a directory can be locked as well as a file.
function openLockFile(file: string): number {
  return explainingFailure(file, () => openSync(file, constants.O_RDONLY | constants.O_CREAT, 0o600));
}

function closeOnce(fd: number): Release {
  let open = true;
  return () => {
    if (open) closeSync(fd);
    open = false;
  };
}
