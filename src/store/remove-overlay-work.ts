import { rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';

/** What a volatile overlay leaves in its work directory, from the innermost on. @see Documentation/filesystems/overlayfs.rst, "Volatile mount" */
const MARK = 'work/incompat/volatile/dirty';
const DIRECTORIES = ['work/incompat/volatile', 'work/incompat', 'work', ''];

/**
 * Delete the work directory of an overlay that was unmounted.
 *
 * @returns false: something else is in it, or it may not be looked into; what is left of it is for the trash
 */
export function removeOverlayWork(path: string): boolean {
  try {
    for (const name of [MARK, ...DIRECTORIES]) removeIfThere(join(path, name), name === MARK ? unlinkSync : rmdirSync);
    return true;
  } catch {
    return false;
  }
}

function removeIfThere(path: string, remove: (path: string) => void): void {
  try {
    remove(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
