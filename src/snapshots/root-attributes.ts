import { closeSync, constants, fchmodSync, fchownSync, fstatSync, futimesSync, openSync, statSync } from 'node:fs';
import { hasCode } from '../errors.js';
import type { RootAttributes } from '../layers/index.js';
import { explainingFailure } from '../store/index.js';
import { type Fd, getXattr, setXattr } from '../sys/index.js';

/** Where owner and mode are kept that this user cannot give a file: `uid:gid:0mode`, as containers/storage does. */
const OVERRIDE_XATTR = 'user.containers.override_stat';

/** Owner and mode of a directory, also where this user could not give them to it. */
export function readRootAttributes(directory: string): RootAttributes {
  const { mode, uid, gid } = statSync(directory);
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const [, ownUid, ownGid, ownMode] = /^([0-9]+):([0-9]+):0?([0-7]+)/.exec(getXattr(fd, OVERRIDE_XATTR)?.toString('latin1') ?? '') ?? [];
    if (ownMode === undefined) return { mode: mode & 0o7777, uid, gid };
    return { mode: Number.parseInt(ownMode, 8), uid: Number(ownUid), gid: Number(ownGid) };
  } finally {
    closeSync(fd);
  }
}

export function topOf(lowers: readonly string[]): string {
  const [top] = lowers;
  if (top === undefined) throw new RangeError('a root file system has at least one directory');
  return top;
}

/** The root of a merged view shows its topmost directory's attributes, so a new one takes over those of the layer below it. Top first. */
export function takeOverRoot(directory: string, lowers: readonly string[]): void {
  const below = topOf(lowers);
  const { mode, uid, gid } = readRootAttributes(below);
  const { atime, mtime } = statSync(below);
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    explainingFailure(directory, () => {
      const own = fstatSync(fd);
      if (own.uid !== uid || own.gid !== gid) setOwner(fd, { mode, uid, gid });
      fchmodSync(fd, mode);
      futimesSync(fd, atime, mtime);
    });
  } finally {
    closeSync(fd);
  }
}

function setOwner(fd: Fd, { mode, uid, gid }: RootAttributes): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    // EINVAL: the id is not mapped in this user namespace; EPERM: there is no namespace and we are not root.
    if (!hasCode(error, 'EINVAL') && !hasCode(error, 'EPERM')) throw error;
    setXattr(fd, OVERRIDE_XATTR, Buffer.from(`${uid}:${gid}:0${mode.toString(8)}`));
  }
}
