import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** More than any list of packages has, and less than takes all memory. */
const MAX_BYTES = 256 * 2 ** 20;

/**
 * What a scanner wrote. It may have put anything in that place: a link to a file of this machine, or a pipe that nobody writes to.
 *
 * @returns what it wrote, or in words why that cannot be taken
 */
export function readScan(path: string): Buffer | string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'it wrote nothing to {OUTPUT}';
    return code === 'ELOOP' || code === 'ENXIO' ? NO_FILE : `{OUTPUT} cannot be read: ${(error as Error).message}`;
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) return NO_FILE;
    return status.size > MAX_BYTES ? `it wrote more than ${MAX_BYTES} bytes to {OUTPUT}` : readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

const NO_FILE = 'what it left at {OUTPUT} is no regular file';
