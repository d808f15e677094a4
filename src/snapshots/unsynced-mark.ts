import { readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';

/**
 * A snapshot gets its place before its files have reached the disk; fsync of each would cost more than extracting them. Until the next syncfs it
 * bears the mark of this boot: found after another boot, the machine has gone down meanwhile and files may be short or missing.
 *
 * The mark is a symbolic link, whose text lies in the inode: it cannot be torn itself.
 */
const NAME = 'unsynced';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

let boot: string | undefined;

function thisBoot(): string {
  boot ??= readFileSync(BOOT_ID, 'latin1').trim();
  return boot;
}

/** To be called before the directory gets its place. */
export function markUnsynced(directory: string): void {
  symlinkSync(thisBoot(), join(directory, NAME));
}

/** To be called when everything in the directory has reached the disk. */
export function unmark(directory: string): void {
  rmSync(join(directory, NAME), { force: true });
}

/** True when the machine went down before the directory's files had reached the disk for certain. */
export function mayBeTorn(directory: string): boolean {
  try {
    return readlinkSync(join(directory, NAME)) !== thisBoot();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
