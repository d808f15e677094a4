import { cloneMount, closeFd, type Fd } from '../sys/index.js';

/** How owners are shown to a user namespace whose ids are others than those of the store. */
export interface Shift {
  /** A user namespace with its maps. */
  readonly namespace: Fd;
  /** Who its root is outside. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/**
 * Runs `body` with the directories as they are seen through a shift, as far as there is one. They are closed when it ends; what was mounted
 * on them stays.
 */
export async function withShifted<T>(
  directories: readonly Fd[],
  shift: Shift | undefined,
  body: (fds: readonly Fd[]) => T | Promise<T>,
): Promise<T> {
  if (shift === undefined) return body(directories);
  const fds: Fd[] = [];
  try {
    for (const fd of directories) fds.push(cloneMount(fd, { readOnly: false, recursive: false, shift: shift.namespace }));
    return await body(fds);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
