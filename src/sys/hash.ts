import { loadAddon } from './addon.js';
import type { Fd } from './paths.js';

export interface HashOptions {
  /**
   * SHA-256 of the content's SHA-256 and of the extended attributes that a copy keeps (`user.*` but `user.overlay.*`,
   * `security.capability`): of each the lengths of name and value as `NAME VALUE `, the name, the value, in the file system's order.
   */
  readonly withAttributes?: boolean;
}

/**
 * SHA-256 of the content of each file, in the order of `paths`; read on several threads.
 *
 * Each path is opened with `dir` as its root: links in its parents stay inside, a link in the last component is refused.
 *
 * @param paths the bytes of each, ended by NUL: of many thousands no object each is worth making
 * @returns 32 bytes per path
 * @throws ENOENT, ELOOP (a link), EINVAL (not a regular file), EIO, ... with the path
 */
export async function hashFiles(dir: Fd, paths: Uint8Array, options: HashOptions = {}): Promise<Buffer> {
  if (paths.length === 0) return Buffer.alloc(0);
  return loadAddon().hashFiles(dir, paths, options.withAttributes ?? false);
}
