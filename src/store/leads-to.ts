import { fstatSync, statSync } from 'node:fs';
import type { Fd } from '../sys/index.js';

/** Whether `path` is still what was opened as `fd`: between opening and locking it, another process may have moved it away. */
export function leadsTo(path: string, fd: Fd): boolean {
  const opened = fstatSync(fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ino === opened.ino && found.dev === opened.dev;
}
