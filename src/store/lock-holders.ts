import { fstatSync, readFileSync } from 'node:fs';
import { hasCode } from '../errors.js';
import type { Fd } from '../sys/index.js';

/**
 * Process ids of those who hold a flock(2) on the file that is open as `fd`, as far as the kernel tells: none where /proc/locks cannot
 * be read, or for processes of another pid namespace.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_locks.5.html
 */
export function lockHolders(fd: Fd): number[] {
  const { dev, ino } = fstatSync(fd);
  try {
    return parseLocks(readFileSync('/proc/locks', 'utf8'), { dev, ino });
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return [];
    throw error;
  }
}

/** Lines as `1: FLOCK  ADVISORY  WRITE 4711 00:2e:5678 0 EOF`; those of waiting processes have `->` behind the number. */
export function parseLocks(text: string, file: { readonly dev: number; readonly ino: number }): number[] {
  const held = new Set<number>();
  for (const line of text.split('\n')) {
    const match = /^\d+: FLOCK +\S+ +\S+ +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
    if (match === null) continue;
    const [, pid, major, minor, ino] = match as unknown as [string, string, string, string, string];
    if (Number(ino) !== file.ino) continue;
    if (deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16)) !== file.dev) continue;
    if (Number(pid) > 0) held.add(Number(pid));
  }
  return [...held];
}

/** As `fs.Stats.dev` has it: the encoding of makedev(3) for numbers of this size. */
function deviceNumber(major: number, minor: number): number {
  return major * 256 + (minor & 0xff) + (minor >> 8) * 2 ** 20;
}
