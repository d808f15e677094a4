import { loadAddon } from './addon.js';
import type { Fd, Path } from './paths.js';

/**
 * Remove `name` in the directory `dir`, with everything in it if it is a directory. Gone afterwards, whether it was there or not.
 * Never follows a link; opens directories without permission bits (as overlay's work directories have) when this user owns them.
 *
 * @param name one name, not a path
 * @throws EPERM (an immutable file), EACCES, EBUSY (a mount point), ... with the path; what could be removed before is gone
 * @throws {TypeError} `name` is empty, `.`, `..` or contains a slash
 */
export async function removeTree(dir: Fd, name: Path): Promise<void> {
  await loadAddon().removeTree(dir, name);
}
