import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { flockTry, randomName, removeTree } from '../sys/index.js';
import type { Layout } from './layout.js';
import { leadsTo } from './leads-to.js';
import { listNames } from './record-files.js';
import { explainingFailure } from './system-errors.js';

/** Directory for unfinished things of this process: `tmp/<random>/`, held by a lock until the store is closed. */
export interface Scratch {
  /** The directory, made and locked at the first call. */
  dir(): Promise<string>;
  /**
   * Put a file or directory (any owner inside) out of the way at once, by rename; it is deleted later, an empty directory now. Nothing
   * happens when it is gone.
   */
  trash(path: string): void;
}

/** Files directly in tmp/ live for the moment between write and rename; one this old belongs to a killed process. */
const STRAY_FILE_AGE_MS = 60_000;

export interface OwnedScratch extends Scratch {
  /** Throw the directory away and let go of its lock. */
  release(): Promise<void>;
}

export function openScratch(layout: Layout, ensureLayout: () => void): OwnedScratch {
  let held: Promise<{ readonly path: string; readonly fd: number }> | undefined;
  return {
    async dir() {
      ensureLayout();
      held ??= makeLockedDirectory(layout).catch((error: unknown) => {
        held = undefined;
        throw error;
      });
      return (await held).path;
    },
    trash(path) {
      ensureLayout();
      moveToTrash(layout, path);
    },
    async release() {
      if (held === undefined) return;
      const { path, fd } = await held;
      held = undefined;
      moveToTrash(layout, path);
      closeSync(fd);
    },
  };
}

/**
 * Between mkdir and flock another process may take the directory for an abandoned one and move it away; then the path no longer leads to
 * what was locked, and a new one is made.
 */
async function makeLockedDirectory(layout: Layout): Promise<{ path: string; fd: number }> {
  for (;;) {
    const path = join(layout.tmp, randomName());
    explainingFailure(path, () => mkdirSync(path, { mode: 0o700 }));
    const fd = openIfThere(path);
    if (fd === undefined) continue;
    if (flockTry(fd, 'exclusive') && leadsTo(path, fd)) return { path, fd };
    closeSync(fd);
  }
}

/** Move what killed processes left in tmp/ to the trash. Directories of living processes are locked and stay. */
export async function sweepScratch(layout: Layout, now: number): Promise<void> {
  const names = listNames(layout.tmp);
  if (names.length === 0) return;
  for (const name of names) {
    const path = join(layout.tmp, name);
    const fd = openIfThere(path);
    if (fd === undefined) continue;
    try {
      const stat = fstatSync(fd);
      if (!stat.isDirectory()) {
        if (now - stat.mtimeMs > STRAY_FILE_AGE_MS) rmSync(path, { force: true });
      } else if (flockTry(fd, 'exclusive') && leadsTo(path, fd)) {
        moveToTrash(layout, path);
      }
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * Delete what is in the trash. What belongs to subordinate ids can only be deleted inside the user namespace and stays for a command that
 * runs there. One process at a time does this; others leave it to that one.
 */
export async function emptyTrash(layout: Layout): Promise<void> {
  const names = listNames(layout.trash);
  if (names.length === 0) return;
  const fd = openIfThere(layout.trash);
  if (fd === undefined) return;
  try {
    if (!flockTry(fd, 'exclusive')) return;
    for (const name of listNames(layout.trash)) {
      try {
        await removeTree(fd, name);
      } catch (error) {
        if (!['EACCES', 'EPERM', 'EROFS', 'ENOTEMPTY', 'ENOENT'].some((code) => hasCode(error, code))) throw error;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function moveToTrash(layout: Layout, path: string): void {
  if (isRemovedEmpty(path)) return;
  explainingFailure(path, () => {
    try {
      renameSync(path, join(layout.trash, randomName()));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  });
}

/** Most of what is thrown away is an empty directory, which needs no place in the trash and no thread that empties it. */
function isRemovedEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    // Whatever it is that cannot be removed like this: the rename says what is wrong with it, if anything is.
    return false;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EACCES', 'ENXIO'].some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
}
