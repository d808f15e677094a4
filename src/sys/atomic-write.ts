import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomName } from './random-name.js';

export interface AtomicWriteOptions {
  /** Permission bits, whatever the umask; 0o644 by default. */
  readonly mode?: number;
  /** Also outlive a power cut: sync the file before, and the directory after, it takes its name. Costs a disk write or two. */
  readonly fsync?: boolean;
}

/**
 * Give `path` the content `bytes`. Another process sees the old content or the new one, never a part; when this process is killed,
 * at worst a file `.tmp-*` stays behind in the directory.
 *
 * @throws as `node:fs`; `path` is unchanged then
 */
export function atomicWriteFile(path: string, bytes: Uint8Array, options: AtomicWriteOptions = {}): void {
  const directory = dirname(path);
  const temporary = join(directory, `.tmp-${randomName()}`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, bytes);
      fchmodSync(fd, options.mode ?? 0o644);
      if (options.fsync === true) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  if (options.fsync === true) syncDirectory(directory);
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It was never made, or the directory does not let us: the first error is the one to report.
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
