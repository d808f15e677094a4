import { closeSync, constants, openSync } from 'node:fs';
import { hasCode } from '../errors.js';
import { walk } from '../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Adds up directory trees that may share files by hard links: a file is counted in the first tree that has it.
 * Sizes are those that files say of themselves; holes count.
 */
export class TreeSizes {
  readonly #links = new Map<string, { readonly size: number; readonly nlink: number; seen: number }>();

  /** Bytes of the regular files and links below `directory` that no earlier tree had; 0 when it is gone. */
  async add(directory: string): Promise<number> {
    const fd = openIfThere(directory);
    if (fd === undefined) return 0;
    try {
      let bytes = 0;
      for (const { mode, size, nlink, dev, ino } of await walk(fd)) {
        if ((mode & S_IFMT) === S_IFDIR) continue;
        if (nlink <= 1) bytes += size;
        else if (this.#isNew(`${dev}:${ino}`, size, nlink)) bytes += size;
      }
      return bytes;
    } catch (error) {
      // Another command removes it at this moment.
      if (hasCode(error, 'ENOENT')) return 0;
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Bytes of files with links outside of all the trees that were added: removing the trees does not free them. */
  get heldElsewhere(): number {
    return [...this.#links.values()].reduce((sum, { size, nlink, seen }) => sum + (seen < nlink ? size : 0), 0);
  }

  #isNew(inode: string, size: number, nlink: number): boolean {
    const known = this.#links.get(inode);
    if (known === undefined) {
      this.#links.set(inode, { size, nlink, seen: 1 });
      return true;
    }
    known.seen++;
    return false;
  }
}

function openIfThere(directory: string): number | undefined {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
