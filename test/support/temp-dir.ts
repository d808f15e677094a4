import { accessSync, constants, mkdtempSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS_MAGIC = 0x01021994; // statfs(2)

/** A folder for short-lived trees: a tmpfs where there is one, since ext4 creates files slowly for minutes after a mass delete. */
export function fastTempRoot(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    if (statfsSync('/dev/shm').type === TMPFS_MAGIC) return '/dev/shm';
  } catch {
    // No usable /dev/shm: the ordinary temporary folder does.
  }
  return tmpdir();
}

/** Runs `body` with a new empty directory and removes it afterwards, whatever happens. */
export async function withTempDir<T>(body: (directory: string) => Promise<T> | T): Promise<T> {
  const directory = mkdtempSync(join(fastTempRoot(), 'tsbuild-test-'));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
