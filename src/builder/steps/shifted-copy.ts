import { chmodSync, chownSync, closeSync, constants, copyFileSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyShift, copyShifted, ownerOutside } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, closeFd, type Fd, O_PATH, openat2, randomName, statat } from '../../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/**
 * A copy of a directory or file that belongs to the ids outside, for a command that is to find it with the owners that it has here.
 *
 * @returns what to mount, and how to throw it away; undefined: it is something else
 * @throws {UnsupportedFeatureError} a file belongs to somebody whom the map cannot have
 */
export async function openShiftedCopy(
  source: Fd,
  { maps }: CopyShift,
  store: Store,
): Promise<{ readonly fd: Fd; readonly close: () => void } | undefined> {
  const { mode, ...owner } = statat(source, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  const type = mode & S_IFMT;
  if (type !== S_IFDIR && type !== S_IFREG) return undefined;
  const place = join(await store.scratch.dir(), `shown-${randomName()}`);
  if (type === S_IFDIR) {
    mkdirSync(place, { mode: 0o700 });
    const target = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await copyShifted(source, target, maps);
    } finally {
      closeSync(target);
    }
  } else {
    copyFileSync(`/proc/self/fd/${source}`, place);
    const { uid, gid } = ownerOutside(owner, maps, '');
    chownSync(place, uid, gid);
    chmodSync(place, mode & 0o7777);
  }
  const fd = openat2(AT_FDCWD, place, { flags: O_PATH, resolve: 0 });
  return {
    fd,
    close() {
      closeFd(fd);
      store.scratch.trash(place);
    },
  };
}
