import { closeSync, constants, existsSync, fchmodSync, fchownSync, futimesSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { chainId, type DiffId, digestHex } from '../image/index.js';
import { applyLayer, EMPTY_LAYER } from '../layers/index.js';
import { BlobNotFoundError, explainingFailure, type Store } from '../store/index.js';
import { type Fd, getXattr, mountOverlay, O_PATH, setXattr } from '../sys/index.js';
import type { LayerSource, RootAttributes, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';

export interface OverlayDriverOptions {
  readonly store: Store;
  /** Where overlay keeps its marks; `user` is what a user namespace can write. One store must not mix the two. */
  readonly overlayXattrs: 'user' | 'trusted';
}

/** Where owner and mode are kept that this user cannot give a file: `uid:gid:0mode`, as containers/storage does. */
const OVERRIDE_XATTR = 'user.containers.override_stat';
const SCRATCH_ROOT: RootAttributes = { mode: 0o755, uid: 0, gid: 0 };

/**
 * Snapshots as overlay lower directories: `snapshots/<chain id>/fs` holds what one layer adds to the chain below it.
 * A directory there is complete from the moment it exists, and is never written to again.
 */
export function openOverlayDriver(options: OverlayDriverOptions): SnapshotDriver {
  const { store } = options;
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
    }
    return fs;
  };
  const lowers = (chain: readonly DiffId[]): string[] => {
    const found = directories(chain).reverse();
    return found.length === 0 ? [emptyDirectory()] : found;
  };
  const rootAttributes = (chain: readonly DiffId[]): RootAttributes => {
    const top = directories(chain).at(-1);
    return top === undefined ? SCRATCH_ROOT : readRootAttributes(top);
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

  const extract = async (layer: LayerSource, chain: readonly DiffId[], signal?: AbortSignal): Promise<void> => {
    const blob = layer.descriptor ?? store.layers.get(layer.diffId)?.blobs[0];
    if (blob === undefined || !store.blobs.has(blob.digest)) {
      throw new BlobNotFoundError(blob?.digest ?? layer.diffId, blob === undefined ? store.root : store.blobs.path(blob.digest));
    }
    const directory = await newDirectory();
    const fs = join(directory, 'fs');
    const parent = chain.slice(0, -1);
    explainingFailure(fs, () => mkdirSync(fs, { mode: 0o755 }));
    setRootAttributes(fs, rootAttributes(parent), directories(parent).at(-1));
    try {
      const applied = await withDirectories([fs, ...lowers(parent)], ([target, ...below]) =>
        applyLayer(
          {
            blob: { file: store.blobs.path(blob.digest) },
            compression: 'detect',
            target: target as Fd,
            whiteouts: `overlay-${options.overlayXattrs}`,
            lowers: below,
            expectedDiffId: layer.diffId,
          },
          signal === undefined ? {} : { signal },
        ),
      );
      await store.layers.put({
        diffId: layer.diffId,
        contentDigest: applied.contentDigest,
        uncompressedBytes: applied.uncompressedBytes,
        blobs: [],
      });
    } catch (error) {
      store.scratch.trash(directory);
      throw error;
    }
    enter(directory, chain);
  };

  return {
    has: (chain) => directories(chain).every((directory) => existsSync(directory)),
    lowers,
    rootAttributes,
    async ensure(layers, ensureOptions) {
      const diffIds = layers.map(({ diffId }) => diffId);
      // In order: a layer's tar may leave parent directories out, whose attributes then come from the layers below.
      for (const [position, layer] of layers.entries()) {
        const chain = diffIds.slice(0, position + 1);
        if (isEmpty(layer.diffId) || existsSync(fsOf(chain))) continue;
        ensureOptions?.signal?.throwIfAborted();
        await extract(layer, chain, ensureOptions?.signal);
      }
    },
    async prepare(chain) {
      const dir = await newDirectory();
      const working: WorkingLayer = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
      explainingFailure(dir, () => {
        mkdirSync(working.upper, { mode: 0o755 });
        mkdirSync(working.work, { mode: 0o755 });
      });
      setRootAttributes(working.upper, rootAttributes(chain), directories(chain).at(-1));
      return working;
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
        return mountOverlay({ lowers: fds.slice(upperPaths.length), upper, work, userxattr: options.overlayXattrs === 'user' });
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

/**
 * The root of a merged view shows its topmost directory's attributes, so a new layer's directory takes over those of the layer below.
 * @param like directory whose mtime is taken over too
 */
function setRootAttributes(directory: string, { mode, uid, gid }: RootAttributes, like: string | undefined): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    explainingFailure(directory, () => {
      const owner = statSync(directory);
      if (owner.uid !== uid || owner.gid !== gid) setOwner(fd, { mode, uid, gid });
      fchmodSync(fd, mode);
      const times = like === undefined ? undefined : statSync(like);
      // Scratch has no root directory to take a time from; 1970 is the same in every build.
      futimesSync(fd, times?.atime ?? 0, times?.mtime ?? 0);
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
    for (const path of paths) fds.push(openSync(path, O_PATH | constants.O_DIRECTORY));
    return await body(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
