import { chownSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../errors.js';
import {
  AT_EMPTY_PATH,
  cloneMount,
  closeFd,
  type Fd,
  fchmodat,
  fchownat,
  mountOverlay,
  O_PATH,
  type Owner,
  openat2,
  outsideOf,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  statat,
  utimensat,
} from '../../sys/index.js';
import type { OverlayRoot, SandboxUserNamespace } from '../plan.js';

/** What of a bundle its root file system is made with. */
export interface BundleRootOptions {
  /** A place for a directory of the bundle, which is made. */
  readonly stub: string;
  /** Mount points, absolute. */
  readonly points: readonly string[];
  /** Those of them that are directories. */
  readonly directories: ReadonlySet<string>;
  /** The command's own, where it has some. */
  readonly ids: SandboxUserNamespace | undefined;
  /** Attaches a mount, whose descriptor is the caller's, in a new place. @returns the place */
  attach(mount: Fd): string;
}

/**
 * Mounts a root file system, detached, on which each of the mount points is there: those that are missing come from the stub.
 *
 * @returns a descriptor; the caller closes it
 */
export function mountBundleRoot({ lowers, upper, work, overlayXattrs }: OverlayRoot, options: BundleRootOptions): Fd {
  const { stub, ids, attach } = options;
  const opened: Fd[] = [];
  const open = (path: string): Fd => {
    const fd = openSync(path, O_PATH);
    opened.push(fd);
    return fd;
  };
  // With shifted owners, on a mount of its own, which is attached because overlays of older kernels take no layers from detached ones.
  const openLayer = (path: string): Fd => {
    const fd = open(path);
    if (ids?.shift === undefined) return fd;
    const clone = cloneMount(fd, { readOnly: false, recursive: false, shift: ids.shift });
    opened.push(clone);
    return open(attach(clone));
  };
  const userxattr = overlayXattrs === 'user';
  const owner = ids === undefined ? undefined : outsideOf(ids, { uid: 0, gid: 0 });
  try {
    const lowerFds = lowers.map(openLayer);
    // An overlay wants its two directories on one mount.
    const writable = upper === undefined || work === undefined ? undefined : openLayer(dirname(upper));
    const inWritable = (path: string | undefined): Fd | undefined => {
      if (writable === undefined || path === undefined) return undefined;
      const fd = openat2(writable, basename(path), { flags: O_PATH });
      opened.push(fd);
      return fd;
    };
    const upperFd = inWritable(upper);
    mkdirSync(stub, { mode: 0o755 });
    const image = mountOverlay({ lowers: [...(upperFd === undefined ? [] : [upperFd]), ...lowerFds], userxattr, readOnly: true });
    try {
      fillStub(image, owner, options);
    } finally {
      closeFd(image);
    }
    return mountOverlay({ lowers: [open(stub), ...lowerFds], upper: upperFd, work: inWritable(work), userxattr, owner });
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}

/** Makes what is missing, and the directories above it with the attributes that they have in the image. */
function fillStub(image: Fd, owner: Owner | undefined, { stub, points, directories }: BundleRootOptions): void {
  const made = new Map<string, ReturnType<typeof lookUp>>();
  for (const point of points) {
    // A link on the way is the runtime's to follow; what it makes there ends in the layer.
    if (lookUp(image, point) !== undefined) continue;
    const parents = parentsOf(point);
    for (const parent of parents) {
      if (made.has(parent)) continue;
      const found = lookUp(image, parent);
      if (found !== undefined && !isDirectoryMode(found.mode)) break;
      mkdirSync(join(stub, parent), { recursive: true, mode: 0o755 });
      made.set(parent, found);
    }
    const path = join(stub, point);
    if (directories.has(point)) mkdirSync(path, { recursive: true });
    else writeFileSync(path, '');
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  }
  const root = lookUp(image, '/');
  for (const [path, found] of [['/', root] as const, ...made].reverse()) if (found !== undefined) giveAttributes(join(stub, path), found);
}

/** Whether the mode is that of a directory. */
export function isDirectoryMode(mode: number): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFDIR;
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) parents.unshift(parent);
  return parents;
}

function lookUp(image: Fd, path: string) {
  try {
    const fd = openat2(image, path, { flags: O_PATH, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS });
    try {
      return statat(fd, '', AT_EMPTY_PATH);
    } finally {
      closeFd(fd);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function giveAttributes(path: string, stat: NonNullable<ReturnType<typeof lookUp>>): void {
  const dir = openSync(path, 'r');
  try {
    fchownat(dir, '', stat.uid, stat.gid, AT_EMPTY_PATH);
    fchmodat(dir, '.', stat.mode & 0o7777);
    utimensat(dir, '.', stat.mtimeNs, stat.mtimeNs);
  } finally {
    closeFd(dir);
  }
}
