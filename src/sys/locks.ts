import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';

export type LockKind = 'shared' | 'exclusive';

// flock(2) locks belong to the open file: closing its last descriptor, or the end of the process, releases them.

/**
 * Take or change the lock on an open file, without waiting.
 *
 * @returns false when another open file holds it in a way that excludes this one
 * @see https://man7.org/linux/man-pages/man2/flock.2.html
 */
export function flockTry(fd: Fd, kind: LockKind): boolean {
  return loadAddon().flockTry(fd, kind === 'exclusive');
}

/**
 * Take or change the lock on an open file, waiting as long as it takes on a thread of its own. Changing a shared lock to an
 * exclusive one is not atomic: the shared one is given up first.
 *
 * @throws the reason of `signal`; nothing is held by this call then
 */
export async function flock(fd: Fd, kind: LockKind, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (flockTry(fd, kind)) return;
  const { done, ticket } = loadAddon().flockWait(fd, kind === 'exclusive');
  if (signal === undefined) {
    await done;
    return;
  }
  let again: NodeJS.Timeout | undefined;
  const stop = () => {
    loadAddon().flockInterrupt(ticket);
    // The thread may be just before its system call, where the interruption is lost: repeat until it answers.
    again ??= setInterval(() => loadAddon().flockInterrupt(ticket), 5);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const locked = await done;
    if (!signal.aborted) return;
    if (locked) loadAddon().flockUnlock(fd);
    throw signal.reason;
  } finally {
    clearInterval(again);
    signal.removeEventListener('abort', stop);
  }
}
