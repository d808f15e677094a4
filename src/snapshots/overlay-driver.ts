import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { chainId, type Descriptor, type DiffId, digestHex } from '../image/index.js';
import { applyLayer, EMPTY_LAYER, type RootAttributes } from '../layers/index.js';
import { BlobNotFoundError, explainingFailure, type Store } from '../store/index.js';
import { type Fd, getXattr, mountOverlay, setXattr } from '../sys/index.js';
import type { LayerSource, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';

export interface SnapshotOptions {
  /**
   * Overlay's marks in `user.overlay.*`, which a user namespace can write, instead of `trusted.overlay.*`. One store must not mix the two:
   * with the other family an opaque directory is not opaque.
   */
  readonly userxattr: boolean;
}

/** Where owner and mode are kept that this user cannot give a file: `uid:gid:0mode`, as containers/storage does. */
const OVERRIDE_XATTR = 'user.containers.override_stat';

/**
 * Snapshots as overlay lower directories: `snapshots/<chain id>/fs` holds what one layer adds to the chain below it.
 * A directory there is complete from the moment it exists, and is never written to again.
 */
export function openSnapshots(store: Store, { userxattr }: SnapshotOptions): SnapshotDriver {
  let made = 0;
  const directoryOf = (chain: readonly DiffId[]): string => join(store.snapshotsDir, digestHex(chainId(chain) as DiffId));
  const fsOf = (chain: readonly DiffId[]): string => join(directoryOf(chain), 'fs');
  const newDirectory = async (): Promise<string> => {
    const directory = join(await store.scratch.dir(), `layer-${made++}`);
    explainingFailure(directory, () => mkdirSync(directory, { mode: 0o700 }));
    return directory;
  };

  /** Directories of the chain, base first. */
  const directories = (chain: readonly DiffId[]): string[] =>
    chain.flatMap((diffId, position) => (isEmpty(diffId) ? [] : [fsOf(chain.slice(0, position + 1))]));
  const emptyDirectory = (): string => {
    const fs = join(store.snapshotsDir, 'empty', 'fs');
    if (!existsSync(fs)) {
      store.ensureLayout();
      explainingFailure(fs, () => mkdirSync(fs, { recursive: true, mode: 0o755 }));
      // Whatever the umask; and 1970 is the same in every build.
      chmodSync(fs, 0o755);
      utimesSync(fs, 0, 0);
    }
    return fs;
  };
  const lowers = (chain: readonly DiffId[]): string[] => {
    const found = directories(chain).reverse();
    return found.length === 0 ? [emptyDirectory()] : found;
  };
  /** Make `<directory>/fs` the snapshot of the chain; whoever comes second throws its own away. */
  const enter = (directory: string, chain: readonly DiffId[]): void => {
    const target = directoryOf(chain);
    explainingFailure(target, () => {
      try {
        renameSync(directory, target);
      } catch (error) {
        if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
        store.scratch.trash(directory);
      }
    });
  };

  const blobOf = (layer: LayerSource): string => {
    const blob: Pick<Descriptor, 'digest'> | undefined = layer.descriptor ?? store.layers.get(layer.diffId)?.blobs[0];
    if (blob === undefined) throw new BlobNotFoundError(layer.diffId, join(store.root, 'layers', `${digestHex(layer.diffId)}.json`));
    if (!store.blobs.has(blob.digest)) throw new BlobNotFoundError(blob.digest, store.blobs.path(blob.digest));
    return store.blobs.path(blob.digest);
  };
  const extract = async (layer: LayerSource, chain: readonly DiffId[], signal?: AbortSignal): Promise<void> => {
    const file = blobOf(layer);
    const directory = await newDirectory();
    const fs = join(directory, 'fs');
    const below = lowers(chain.slice(0, -1));
    try {
      explainingFailure(fs, () => mkdirSync(fs));
      takeOverRoot(fs, below);
      const applied = await withDirectories([fs, ...below], ([target = -1, ...belowFds]) => {
        const whiteouts = userxattr ? 'overlay-user' : 'overlay-trusted';
        const source = {
          blob: { file },
          compression: 'detect',
          target,
          whiteouts,
          lowers: belowFds,
          expectedDiffId: layer.diffId,
        } as const;
        return applyLayer(source, signal === undefined ? {} : { signal });
      });
      const { contentDigest, uncompressedBytes } = applied;
      await store.layers.put({ diffId: layer.diffId, contentDigest, uncompressedBytes, blobs: [] });
    } catch (error) {
      store.scratch.trash(directory);
      throw error;
    }
    enter(directory, chain);
  };
  const extracting = new Map<string, Promise<void>>();
  /** Stages that begin with the same base extract it once. Who waited for one that failed or was cancelled tries itself. */
  const extractOnce = async (layer: LayerSource, chain: readonly DiffId[], signal?: AbortSignal): Promise<void> => {
    const target = fsOf(chain);
    for (let other = extracting.get(target); other !== undefined; other = extracting.get(target)) await other.catch(() => undefined);
    if (existsSync(target)) return;
    signal?.throwIfAborted();
    const mine = extract(layer, chain, signal).finally(() => extracting.delete(target));
    extracting.set(target, mine);
    await mine;
  };

  return {
    has: (chain) => directories(chain).every((directory) => existsSync(directory)),
    lowers,
    rootAttributes: (lowerPaths) => readRootAttributes(topOf(lowerPaths)),
    async ensure(layers, ensureOptions) {
      const diffIds = layers.map(({ diffId }) => diffId);
      // In order: a layer's tar may leave parent directories out, whose attributes then come from the layers below.
      for (const [position, layer] of layers.entries()) {
        const chain = diffIds.slice(0, position + 1);
        if (!isEmpty(layer.diffId)) await extractOnce(layer, chain, ensureOptions?.signal);
      }
    },
    async prepare(lowerPaths) {
      const dir = await newDirectory();
      const working: WorkingLayer = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
      explainingFailure(dir, () => {
        mkdirSync(working.upper, { mode: 0o755 });
        mkdirSync(working.work, { mode: 0o755 });
      });
      takeOverRoot(working.upper, lowerPaths);
      return working;
    },
    async reopen(working) {
      const work = join(working.dir, `work-${made++}`);
      explainingFailure(work, () => mkdirSync(work, { mode: 0o755 }));
      return { ...working, work };
    },
    publish(working, chain) {
      const diffId = chain.at(-1);
      if (diffId === undefined) throw new RangeError('publish() needs the diff ids of the chain, the layer own diff id last');
      if (!isEmpty(diffId)) {
        const directory = join(working.dir, 'snapshot');
        explainingFailure(directory, () => {
          mkdirSync(directory, { mode: 0o700 });
          renameSync(working.upper, join(directory, 'fs'));
        });
        enter(directory, chain);
      }
      store.scratch.trash(working.dir);
    },
    discard: (working) => store.scratch.trash(working.dir),
    async openMerged(lowerPaths, working) {
      const upperPaths = working === undefined ? [] : [working.upper, working.work];
      return await withDirectories([...upperPaths, ...lowerPaths], (fds) => {
        const [upper, work] = working === undefined ? [] : fds;
        return mountOverlay({ lowers: fds.slice(upperPaths.length), upper, work, userxattr });
      });
    },
  };
}

/** The layer of nothing; 1024 zero bytes as a tar. A layer that is empty in another encoding gets a directory like any other. */
function isEmpty(diffId: DiffId): boolean {
  return diffId === EMPTY_LAYER.diffId;
}

function readRootAttributes(directory: string): RootAttributes {
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

function topOf(lowers: readonly string[]): string {
  const [top] = lowers;
  if (top === undefined) throw new RangeError('a root file system has at least one directory');
  return top;
}

/** The root of a merged view shows its topmost directory's attributes, so a new one takes over those of the layer below it. */
function takeOverRoot(directory: string, lowers: readonly string[]): void {
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

async function withDirectories<T>(paths: readonly string[], body: (fds: Fd[]) => T | Promise<T>): Promise<T> {
  const fds: Fd[] = [];
  try {
    for (const path of paths) fds.push(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    return await body(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
