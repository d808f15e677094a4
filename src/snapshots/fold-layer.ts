import { constants } from 'node:fs';
import { hasCode } from '../errors.js';
import {
  AT_SYMLINK_NOFOLLOW,
  closeFd,
  copyEntries,
  type Fd,
  getXattr,
  listXattrs,
  mkdirat,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  removeTree,
  removeXattr,
  renameat,
  statat,
  type TreeEntry,
  walk,
} from '../sys/index.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFIFO = 0o010000;
// native/addon/src/layer/tree_names.h makes them.
const WHITEOUT_MODE = 0o1000;
const WHITEOUT_TIME_NS = 1_604_021_937n;
const OPAQUE_XATTR = 'user.tsbuild.opaque';

/**
 * Move what a layer holds over the tree below it, removing what the layer hides. Both are private directories on one mount.
 *
 * @param layer extracted with the marks of `copy`; afterwards only its directories are left
 * @param target a copy of the root file system below; files are replaced, never written to
 */
export async function foldLayer(layer: Fd, target: Fd): Promise<void> {
  const directories: TreeEntry[] = [];
  for (const entry of await walk(layer)) {
    const { path } = entry;
    if (isWhiteout(entry)) await removeAt(target, path);
    else if (isDirectory(entry)) {
      directories.push(entry);
      await makeRoom(layer, target, path);
    } else {
      await moveOver(layer, target, path);
    }
  }
  const all = [Buffer.alloc(0), ...directories.map(({ path }) => path)];
  for (const path of all) dropAttributes(layer, target, path);
  await copyEntries({ source: layer, target, entries: all.map((path) => ({ from: path, to: path })), xattrs: true });
  // Copied with the rest.
  for (const path of all) withEntry(target, path, (fd) => removeXattr(fd, OPAQUE_XATTR));
}

/** The directory's metadata comes at the end, when nothing changes its time any more. */
async function makeRoom(layer: Fd, target: Fd, path: Buffer): Promise<void> {
  const opaque = withEntry(layer, path, (fd) => getXattr(fd, OPAQUE_XATTR) !== undefined);
  const present = statAt(target, path);
  const stays = present !== undefined && !opaque && (present.mode & S_IFMT) === S_IFDIR;
  if (stays) return;
  await removeAt(target, path);
  await inParents(path, layer, target, async (_, to, name) => mkdirat(to, name, 0o700));
}

async function moveOver(layer: Fd, target: Fd, path: Buffer): Promise<void> {
  const present = statAt(target, path);
  if (present !== undefined && (present.mode & S_IFMT) === S_IFDIR) await removeAt(target, path);
  await inParents(path, layer, target, async (from, to, name) => renameat(from, name, to, name));
}

async function removeAt(root: Fd, path: Buffer): Promise<void> {
  if (statAt(root, path) === undefined) return;
  await inParents(path, root, root, async (parent, _, name) => removeTree(parent, name));
}

/** A directory of the layer shows its own attributes, not also those of the one below. */
function dropAttributes(layer: Fd, target: Fd, path: Buffer): void {
  const kept = new Set(withEntry(layer, path, (fd) => listXattrs(fd).map(String)));
  withEntry(target, path, (fd) => {
    for (const name of listXattrs(fd)) if (name.toString().startsWith('user.') && !kept.has(name.toString())) removeXattr(fd, name);
  });
}

async function inParents(path: Buffer, from: Fd, to: Fd, body: (from: Fd, to: Fd, name: Buffer) => Promise<void>): Promise<void> {
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? '.' : path.subarray(0, slash);
  const flags = O_PATH | constants.O_DIRECTORY;
  const source = openat2(from, parent, { flags, resolve: INSIDE });
  try {
    const target = openat2(to, parent, { flags, resolve: INSIDE });
    try {
      await body(source, target, path.subarray(slash + 1));
    } finally {
      closeFd(target);
    }
  } finally {
    closeFd(source);
  }
}

/** Neither tree has links among the directories of a layer's entries. */
const INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

function withEntry<T>(root: Fd, path: Buffer, body: (fd: Fd) => T): T {
  const fd = openat2(root, path.length === 0 ? '.' : path, { flags: O_PATH | constants.O_NOFOLLOW, resolve: INSIDE });
  try {
    return body(fd);
  } finally {
    closeFd(fd);
  }
}

function statAt(root: Fd, path: Buffer): { readonly mode: number } | undefined {
  try {
    return statat(root, path, AT_SYMLINK_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function isDirectory({ mode }: TreeEntry): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

function isWhiteout({ mode, mtimeNs }: TreeEntry): boolean {
  return (mode & S_IFMT) === S_IFIFO && (mode & 0o7777) === WHITEOUT_MODE && mtimeNs === WHITEOUT_TIME_NS;
}
