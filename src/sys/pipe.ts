import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';

/** Both ends are closed on exec, and are the caller's to close; pass one to a child through `spawn`. */
export interface Pipe {
  readonly readEnd: Fd;
  readonly writeEnd: Fd;
}

/** A new pipe, which Node alone cannot make. @see https://man7.org/linux/man-pages/man2/pipe.2.html */
export function pipe(): Pipe {
  const [readEnd, writeEnd] = loadAddon().pipe();
  return { readEnd, writeEnd };
}
