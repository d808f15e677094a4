import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedFeatureError } from '../../errors.js';
import type { Shift, SnapshotDriver } from '../../snapshots/index.js';
import type { Store } from '../../store/index.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, closeFd, type Fd, O_PATH, openat2, randomName, statat } from '../../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/**
 * What `source` is, as something that may be written to without it: an overlay over a directory, a copy of a file.
 *
 * @param shift as whom the owners in a directory are shown
 * @param lowers what the directory is an overlay of, where it is one: an overlay on a mount that is attached nowhere needs Linux 6.15
 * @returns what to mount, whether its owners are shown so, and how to throw away what was written to it
 * @throws {UnsupportedFeatureError} it is neither a directory nor a file
 */
export async function openThrowAway(
  source: Fd,
  { snapshots, store, mountLabel }: { readonly snapshots: SnapshotDriver; readonly store: Store; readonly mountLabel?: string | undefined },
  shift: Shift | undefined,
  lowers?: readonly string[],
): Promise<{ readonly fd: Fd; readonly shifted: boolean; readonly close: () => void }> {
  const mode = modeToThrowAway(source);
  // The descriptor by its name, so that what is read is what was opened.
  const path = `/proc/self/fd/${source}`;
  if ((mode & S_IFMT) === S_IFDIR) {
    const below = lowers ?? [path];
    const working = await snapshots.prepare(below);
    try {
      const fd = await snapshots.openMerged(below, working, shift, mountLabel);
      return {
        fd,
        shifted: true,
        close() {
          closeFd(fd);
          snapshots.discard(working);
        },
      };
    } catch (error) {
      snapshots.discard(working);
      throw error;
    }
  }
  const copy = join(await store.scratch.dir(), `file-${randomName()}`);
  copyFileSync(path, copy);
  chmodSync(copy, mode & 0o7777);
  const fd = openat2(AT_FDCWD, copy, { flags: O_PATH, resolve: 0 });
  return {
    fd,
    shifted: false,
    close() {
      closeFd(fd);
      store.scratch.trash(copy);
    },
  };
}

/**
 * The mode of a directory or file. A pipe or a device would be read without end, or reach somebody else.
 *
 * @throws {UnsupportedFeatureError} it is neither
 */
export function modeToThrowAway(source: Fd): number {
  const { mode } = statat(source, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  if ((mode & S_IFMT) !== S_IFDIR && (mode & S_IFMT) !== S_IFREG)
    throw new UnsupportedFeatureError('only files and directories can be mounted so that what is written to them is thrown away');
  return mode;
}
