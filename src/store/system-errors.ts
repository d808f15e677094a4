import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreAccessError, StoreFullError } from './errors.js';

const ACCESS_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a parent of it is not a directory',
  EISDIR: 'it is a directory',
};

/**
 * What a system error below the store root means to a user; other errors come back unchanged.
 *
 * @param path the file that could not be written or read
 */
export function explainStoreError(error: unknown, path: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreFullError(path, freeBytes(path), { cause: error, quota: code === 'EDQUOT' });
  const reason = code === undefined ? undefined : ACCESS_REASONS[code];
  return reason === undefined ? error : new StoreAccessError(path, reason, { cause: error });
}

/** Run `body`, which reads or writes `path`, and explain its failure. */
export function explainingFailure<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw explainStoreError(error, path);
  }
}

/** Bytes an ordinary user can still write to the file system of `path`; of the nearest ancestor that exists. */
function freeBytes(path: string): number {
  try {
    const stat = statfsSync(path);
    return stat.bavail * stat.bsize;
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return freeBytes(parent);
  }
}
