import { closeSync, openSync } from 'node:fs';
import { readDirtyBytes, syncfsAside } from '../sys/index.js';

/** Less than this is written in no time when a name is published; a sync for its own sake would only be one more. */
const WORTH_BYTES = 64 * 2 ** 20;
const LOOK_AGAIN_MS = 100;

/**
 * While `work` goes on, write what gathers in memory to the disk that holds `root`: the sync before a name is published then has little
 * left to do. Does nothing while there is little.
 *
 * @returns what `work` gives, when nothing is under way any more
 * @throws what `work` throws; EIO, ENOSPC, ...: the disk did not take what was written, and what is published now would not be whole
 */
export async function writeBackDuring<T>(
  root: string,
  work: Promise<T>,
  dirtyBytes: () => number | undefined = readDirtyBytes,
): Promise<T> {
  // Settles when the work does, and never fails.
  const end = work.then(
    () => true,
    () => true,
  );
  let failure: { readonly error: unknown } | undefined;
  // What stays in memory after a sync belongs to other disks.
  let others = 0;
  for (let ended = false; !ended && failure === undefined; ended = await orLater(end)) {
    const dirty = dirtyBytes() ?? 0;
    others = Math.min(others, dirty);
    if (dirty < others + WORTH_BYTES) continue;
    try {
      await sync(root);
    } catch (error) {
      failure = { error };
    }
    others = dirtyBytes() ?? 0;
  }
  const result = await work;
  // The kernel tells each error once: the sync to come would know nothing of it.
  if (failure !== undefined) throw failure.error;
  return result;
}

/** Whether the work has ended, as soon as it has or after a moment. */
function orLater(end: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), LOOK_AGAIN_MS);
    void end.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

async function sync(root: string): Promise<void> {
  const fd = openSync(root, 'r');
  try {
    await syncfsAside(fd);
  } finally {
    closeSync(fd);
  }
}
