import { constants } from 'node:fs';
import { UnsupportedFeatureError } from '../errors.js';
import {
  AT_EMPTY_PATH,
  closeFd,
  copyEntries,
  type Fd,
  fchmodat,
  fchownat,
  getXattr,
  type IdMaps,
  type IdRange,
  insideId,
  O_PATH,
  type Owner,
  openat2,
  outsideId,
  type Path,
  setXattr,
  statat,
  type TreeEntry,
  walk,
} from '../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const SET_IDS = 0o6000;
const CAPABILITY = 'security.capability';

/**
 * Copies the directory of a layer into an empty one, where everything belongs to whom its owner is outside. An id that is not in the maps
 * stays what it is, so that inside it is nobody's.
 *
 * @throws {UnsupportedFeatureError} such an id is somebody else's outside
 */
export async function copyShifted(source: Fd, target: Fd, maps: IdMaps): Promise<void> {
  const here = Buffer.alloc(0);
  const root = { from: here, to: here, ...ownerOutside(statat(source, '', AT_EMPTY_PATH), maps, '') };
  const below = Array.from(await walk(source), (entry) => ({
    from: entry.path,
    to: entry.path,
    ...ownerOutside(entry, maps, entry.path),
  }));
  await copyEntries({ source, target, entries: [root, ...below], xattrs: true, verbatim: true });
}

/** Copies the directory of a layer into an empty one, as it is. */
export async function copyVerbatim(source: Fd, target: Fd): Promise<void> {
  const here = Buffer.alloc(0);
  const below = Array.from(await walk(source), ({ path }) => ({ from: path, to: path }));
  await copyEntries({ source, target, entries: [{ from: here, to: here }, ...below], xattrs: true, verbatim: true });
}

/**
 * Gives a directory and everything in it to whom its owner is outside, or back. Modes, capabilities and times stay.
 *
 * @throws {UnsupportedFeatureError} as {@link copyShifted}
 */
export async function shiftOwners(root: Fd, maps: IdMaps, to: 'outside' | 'inside'): Promise<void> {
  const ownerOf = (owner: Owner, path: Path): Owner => (to === 'outside' ? ownerOutside(owner, maps, path) : ownerInside(owner, maps));
  const give = (fd: Fd, { mode, ...owner }: Owner & Pick<TreeEntry, 'mode'>, path: Path): void => {
    const { uid, gid } = ownerOf(owner, path);
    if (uid !== owner.uid || gid !== owner.gid) giveFile(fd, mode, { uid, gid });
  };
  give(root, statat(root, '', AT_EMPTY_PATH), '');
  const seen = new Set<number>();
  for (const entry of await walk(root)) {
    // Of a file with several names the second has its new owner already.
    const hasNames = entry.nlink > 1 && (entry.mode & S_IFMT) !== S_IFDIR;
    if (hasNames && seen.has(entry.ino)) continue;
    if (hasNames) seen.add(entry.ino);
    const fd = openat2(root, entry.path, { flags: O_PATH | constants.O_NOFOLLOW });
    try {
      give(fd, entry, entry.path);
    } finally {
      closeFd(fd);
    }
  }
}

/** With what chown(2) takes from a file that is run as its owner. */
function giveFile(fd: Fd, mode: number, { uid, gid }: Owner): void {
  const capability = (mode & S_IFMT) === S_IFREG ? getXattr(fd, CAPABILITY) : undefined;
  fchownat(fd, '', uid, gid, AT_EMPTY_PATH);
  if ((mode & SET_IDS) !== 0) fchmodat(fd, '', mode & 0o7777);
  if (capability !== undefined) setXattr(fd, CAPABILITY, withoutRoot(capability));
}

/**
 * A capability that a user namespace inside has given counts there alone. Without its root it is that of who writes it.
 *
 * @see linux/capability.h: `struct vfs_ns_cap_data` is `struct vfs_cap_data` with the id of a root behind it
 */
function withoutRoot(capability: Buffer): Buffer {
  const [sizeOfVersion2, version2, version3] = [20, 0x02, 0x03];
  if (capability[3] !== version3) return capability;
  const without = Buffer.from(capability.subarray(0, sizeOfVersion2));
  without[3] = version2;
  return without;
}

/** Whose a file is outside. @throws {UnsupportedFeatureError} as {@link copyShifted} */
export function ownerOutside({ uid, gid }: Owner, { uids, gids }: IdMaps, path: Path): Owner {
  return { uid: idOutside(uids, uid, 'user', path), gid: idOutside(gids, gid, 'group', path) };
}

function idOutside(ranges: readonly IdRange[], id: number, what: 'user' | 'group', path: Path): number {
  const outside = outsideId(ranges, id);
  if (outside !== undefined) return outside;
  if (insideId(ranges, id) === undefined) return id;
  throw new UnsupportedFeatureError(`"/${path.toString()}" belongs to ${what} ${id}, whom the map of ids does not have`, {
    hint: 'Map more ids; with --userns=auto:size=N as many as N',
  });
}

function ownerInside({ uid, gid }: Owner, { uids, gids }: IdMaps): Owner {
  return { uid: insideId(uids, uid) ?? uid, gid: insideId(gids, gid) ?? gid };
}
