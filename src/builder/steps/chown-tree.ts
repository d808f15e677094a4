import { constants } from 'node:fs';
import { hasCode } from '../../errors.js';
import { AT_EMPTY_PATH, closeFd, type Fd, fchownat, O_PATH, openat2, walk } from '../../sys/index.js';

/** Give `root` and everything below it to an owner. Links are given themselves, never what they lead to. */
export async function chownTree(root: Fd, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  fchownat(root, '', uid, gid, AT_EMPTY_PATH);
  for (const entry of await walk(root).catch(noTree)) {
    const fd = openat2(root, entry.path, { flags: O_PATH | constants.O_NOFOLLOW });
    try {
      fchownat(fd, '', uid, gid, AT_EMPTY_PATH);
    } finally {
      closeFd(fd);
    }
  }
}

/** A file has nothing below it. */
function noTree(error: unknown): readonly [] {
  if (hasCode(error, 'ENOTDIR')) return [];
  throw error;
}
