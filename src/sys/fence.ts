import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';

/** What {@link probeFence} found. */
export interface FenceProbe {
  /** Of Landlock in this kernel; 0: there is none. */
  readonly version: number;
  /** A fenced thread, and one that it started, could make files in the one directory and none in the other. */
  readonly holds: boolean;
}

/**
 * Try the fence that threads which extract and copy put around themselves: on a thread of its own that may only change what lies in `inside`,
 * make a file there and one in `outside`. Nothing stays in either.
 *
 * @param outside a directory in which this process may make files; not below `inside`
 * @see https://docs.kernel.org/userspace-api/landlock.html
 */
export function probeFence(inside: Fd, outside: Fd): Promise<FenceProbe> {
  return loadAddon().probeFence(inside, outside);
}
