/** The only door to the native addon and the sharp file operations. */
export { loadAddon, NativeMissingError, type Stat } from './addon.js';
export { type AtomicWriteOptions, atomicWriteFile } from './atomic-write.js';
export {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from './constants.js';
export { type CopyEntry, type CopyPlan, type CopyTree, copyEntries } from './copy.js';
export {
  describeEntries,
  type EntryDigests,
  findDigests,
  hashEntries,
  KNOWN,
  statRecords,
  TO_READ,
  unknownDigests,
} from './digest-entries.js';
export { type FenceProbe, probeFence } from './fence.js';
export {
  closeFd,
  fchmodat,
  fchownat,
  getXattr,
  linkat,
  listXattrs,
  mkdirat,
  mknodat,
  type OpenOptions,
  openat2,
  readlinkat,
  removeXattr,
  renameat,
  renameExchange,
  setXattr,
  statat,
  symlinkat,
  syncfs,
  syncfsAside,
  unlinkat,
  utimensat,
} from './files.js';
export { type Memory, readDirtyBytes, readMemory } from './free-memory.js';
export { kernelRelease } from './kernel-release.js';
export { flock, flockTry, type LockKind } from './locks.js';
export { attachMount, cloneInside, cloneMount, mountOverlay, type OverlayMount, unmount } from './overlay.js';
export { type Fd, type Path, pathBytes } from './paths.js';
export { type Pipe, pipe } from './pipe.js';
export { nativeFile, packageFile, workerFile } from './program-files.js';
export { randomName } from './random-name.js';
export { removeTree } from './remove.js';
export { countRunnableDescendants } from './runnable-descendants.js';
export { type Child, type ProcessExit, type SpawnOptions, spawn } from './spawn.js';
export {
  type IdMaps,
  type IdRange,
  insideId,
  type Owner,
  openUserNamespace,
  outsideId,
  outsideOf,
  ownIdMaps,
} from './user-namespace.js';
export { type EntryToPack, packTree, readDirectory, type Tree, type TreeEntry, walk } from './walk.js';
