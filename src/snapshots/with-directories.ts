import { closeSync, constants, openSync } from 'node:fs';
import type { Fd } from '../sys/index.js';

/** Runs `body` with the directories open; they are closed when it ends. */
export async function withDirectories<T>(paths: readonly string[], body: (fds: Fd[]) => T | Promise<T>): Promise<T> {
  const fds: Fd[] = [];
  try {
    for (const path of paths) fds.push(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    return await body(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
