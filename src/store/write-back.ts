import { closeSync, openSync } from 'node:fs';
import { readDirtyBytes, syncfsAside } from '../sys/index.js';

/** Less than this is written in no time when a name is published; a sync for its own sake would only be one more. */
const WORTH_BYTES = 32 * 2 ** 20;

/**
 * Write what lies in memory to the disk that holds `root`, while other work goes on: the sync before a name is published then has little left
 * to do. Does nothing where there is little.
 *
 * @throws EIO, ENOSPC, ... the disk did not take what was written before: what is published now would not be whole
 */
export async function writeBack(root: string, dirtyBytes = readDirtyBytes()): Promise<void> {
  if (dirtyBytes !== undefined && dirtyBytes < WORTH_BYTES) return;
  const fd = openSync(root, 'r');
  try {
    await syncfsAside(fd);
  } finally {
    closeSync(fd);
  }
}
