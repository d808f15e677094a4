import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DISK_BYTES = 16 * 2 ** 30;
/** Stores of small files need an inode for each 4 KiB. */
const BYTES_PER_INODE = 4096;

/**
 * Runs `body` on a file system of its own for the stores of both sides: ext4 with a journal on a loop device for root, a temporary folder
 * for everybody else. The device passes direct I/O to its file, as a disk would: through the page cache of the file system below, each GiB that is
 * synced would take half a second of the kernel's processor time, on one side of a comparison as a rule. A journal-less ext4 creates files ten times slower for minutes after a mass delete, which would measure the order of runs.
 */
export async function withStoreDisk<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tsbuild-bench-'));
  const mounted = process.getuid?.() === 0 && mountLoop(directory);
  const work = mounted ? join(directory, 'disk') : directory;
  try {
    return await body(work);
  } finally {
    if (mounted) execFileSync('umount', ['-l', work]);
    rmSync(directory, { recursive: true, force: true });
  }
}

function mountLoop(directory: string): boolean {
  const image = join(directory, 'disk.img');
  const fd = openSync(image, 'w');
  ftruncateSync(fd, DISK_BYTES);
  closeSync(fd);
  mkdirSync(join(directory, 'disk'));
  try {
    execFileSync('mkfs.ext4', ['-q', '-F', '-i', String(BYTES_PER_INODE), '-E', 'lazy_itable_init=1,lazy_journal_init=1', image]);
    const device = execFileSync('losetup', ['--direct-io=on', '--find', '--show', image], { encoding: 'utf8', stdio: 'pipe' }).trim();
    try {
      execFileSync('mount', [device, join(directory, 'disk')], { stdio: 'pipe' });
    } finally {
      // It stays until it is unmounted.
      execFileSync('losetup', ['--detach', device]);
    }
    return true;
  } catch (error) {
    console.log(`no loop device here (${(error as Error).message.split('\n')[0]}); using ${directory}`);
    return false;
  }
}
