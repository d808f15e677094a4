import { closeSync, constants, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_REMOVEDIR, closeFd, type Fd, mkdirat, mountOverlay, unlinkat } from '../sys/index.js';

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;

/**
 * Mounts an overlay of directories made in `directory`, as a RUN would have it, and does through it what needs more than names: removes a
 * file, which leaves a device in the upper directory, and replaces a directory, which leaves an attribute (tmpfs has these from Linux 6.6 on).
 *
 * @param directory an empty directory of one's own; what is made in it stays there
 * @returns what is lost, in words; undefined: nothing is
 * @throws NodeJS.ErrnoException the kernel does not mount it (EPERM: not for this process), or a change fails
 */
export function tryOverlay(directory: string): string | undefined {
  const names = ['lower', 'upper', 'work'].map((name) => join(directory, name));
  for (const name of names) mkdirSync(name, { recursive: true });
  mkdirSync(join(directory, 'lower/directory'));
  writeFileSync(join(directory, 'lower/file'), '');
  writeFileSync(join(directory, 'lower/directory/file'), '');
  const fds: Fd[] = names.map((name) => openSync(name, constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    const [lower = -1, upper, work] = fds;
    const merged = mountOverlay({ lowers: [lower], upper, work, userxattr: true });
    try {
      unlinkat(merged, 'file');
      unlinkat(merged, 'directory/file');
      unlinkat(merged, 'directory', AT_REMOVEDIR);
      mkdirat(merged, 'directory', 0o755);
    } finally {
      closeFd(merged);
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
  const whiteout = statSync(join(directory, 'upper/file'), { throwIfNoEntry: false });
  return whiteout === undefined || (whiteout.mode & S_IFMT) !== S_IFCHR ? 'what is removed' : undefined;
}
