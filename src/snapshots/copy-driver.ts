import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedFeatureError } from '../errors.js';
import type { DiffId } from '../image/index.js';
import { applyLayer, type LayerEntry } from '../layers/index.js';
import { explainingFailure, type Store } from '../store/index.js';
import {
  cloneMount,
  closeFd,
  type Fd,
  getXattr,
  listXattrs,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_SYMLINKS,
  walk,
} from '../sys/index.js';
import { copyTree } from './copy-tree.js';
import { diffTrees } from './diff-trees.js';
import { foldLayer } from './fold-layer.js';
import { readRootAttributes, topOf } from './root-attributes.js';
import { isEmpty, SnapshotDirectories } from './snapshot-directories.js';
import type { LayerSource, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
import { readNotes, writeNotes } from './tree-notes.js';
import { withDirectories } from './with-directories.js';

/**
 * Snapshots as whole root file systems, for where no overlay can be mounted: `snapshots/vfs-<chain id>/fs` holds all layers of the chain.
 *
 * Snapshots share the files they have in common, as further names of one inode, since nothing ever writes to a file of a snapshot. What a
 * command runs on shares nothing: it may write to any file where it lies. Its contents are clones where the file system has them (XFS,
 * Btrfs), and copies elsewhere.
 */
export function openCopySnapshots(store: Store): SnapshotDriver {
  const places = new SnapshotDirectories(store, 'vfs-');

  /** The layers up to the last one that has files: what follows adds none. */
  const essential = (chain: readonly DiffId[]): readonly DiffId[] => chain.slice(0, chain.findLastIndex((diffId) => !isEmpty(diffId)) + 1);
  const directoryOf = (chain: readonly DiffId[]): string => {
    const layers = essential(chain);
    return layers.length === 0 ? places.emptyDirectory() : places.fsOf(layers);
  };
  const has = (chain: readonly DiffId[]): boolean => essential(chain).length === 0 || places.has(essential(chain));

  const extract = async (layer: LayerSource, chain: readonly DiffId[], signal?: AbortSignal): Promise<void> => {
    const directory = await places.newDirectory();
    const [fs, layerDirectory] = [join(directory, 'fs'), join(directory, 'layer')];
    try {
      explainingFailure(directory, () => {
        mkdirSync(fs);
        mkdirSync(layerDirectory);
      });
      const below = directoryOf(chain.slice(0, -1));
      await withDirectories([below, fs, layerDirectory], async ([source = -1, target = -1, own = -1]) => {
        const archive = {
          compression: 'detect',
          target: own,
          whiteouts: 'copy',
          lowers: [source],
          expectedDiffId: layer.diffId,
        } as const;
        const { contentDigest, uncompressedBytes } = await places.withBlob(layer, (blob) =>
          applyLayer({ ...archive, blob }, signal === undefined ? {} : { signal }),
        );
        await copyTree(source, target, { share: true });
        await foldLayer(own, target);
        await store.layers.put({ diffId: layer.diffId, contentDigest, uncompressedBytes, blobs: [] });
      });
      store.scratch.trash(layerDirectory);
    } catch (error) {
      store.scratch.trash(directory);
      throw error;
    }
    places.enter(directory, chain);
  };

  return {
    kind: 'vfs',
    has,
    lowers: (chain) => [directoryOf(chain)],
    rootAttributes: (lowers) => readRootAttributes(topOf(lowers)),
    shifted: async () => refuseShift(),
    rootfs: (_, { upper }) => ({ directory: upper }),
    async ensure(layers, ensureOptions) {
      const diffIds = layers.map(({ diffId }) => diffId);
      // Those below one that is there are in it.
      let present = layers.length;
      while (present > 0 && !has(diffIds.slice(0, present))) present--;
      for (const [position, layer] of layers.entries()) {
        const chain = diffIds.slice(0, position + 1);
        if (position < present || isEmpty(layer.diffId)) continue;
        await places.extractOnce(chain, () => extract(layer, chain, ensureOptions?.signal), ensureOptions?.signal);
      }
    },
    async prepare(lowers, { onlyReplaced = false } = {}) {
      const dir = await places.newDirectory();
      const working: WorkingLayer = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
      explainingFailure(dir, () => {
        mkdirSync(working.upper, { mode: 0o755 });
        mkdirSync(working.work, { mode: 0o755 });
      });
      try {
        await withDirectories([topOf(lowers), working.upper], async ([source = -1, target = -1]) => {
          await copyTree(source, target, { share: onlyReplaced });
          writeNotes(join(working.work, NOTES), await walk(target));
        });
      } catch (error) {
        store.scratch.trash(dir);
        throw error;
      }
      return working;
    },
    reopen: async (working) => working,
    async changes(lowers, working) {
      const notes = readNotes(join(working.work, NOTES));
      return await withDirectories([topOf(lowers), working.upper], async ([source = -1, target = -1]): Promise<LayerEntry[]> => {
        const [before, after] = await Promise.all([walk(source), walk(target)]);
        const attributesDiffer = (path: Buffer): boolean => attributesOf(source, path) !== attributesOf(target, path);
        return diffTrees({ before, after, notes, attributesDiffer });
      });
    },
    publish: (working, chain) => places.publish(working, chain),
    discard: (working) => places.discard(working),
    async openMerged(lowers, working, shift) {
      if (shift?.kind === 'copy') return refuseShift();
      const writable = working !== undefined;
      return await withDirectories([working?.upper ?? topOf(lowers)], ([root = -1]) =>
        cloneMount(root, { readOnly: !writable, recursive: false, shift: shift?.namespace }),
      );
    },
  };
}

/** By its change time a file would be one that the command has changed. */
function refuseShift(): never {
  throw new UnsupportedFeatureError(
    'ids cannot be mapped to others where root file systems are copied (vfs) and the kernel does not shift them',
    {
      hint: 'Keep the store on a file system on which overlays work, or leave out the map',
    },
  );
}

const NOTES = 'notes';

/** The extended attributes of a directory as a text that differs when they do. */
function attributesOf(root: Fd, path: Buffer): string {
  const fd = openat2(root, path, { flags: O_PATH, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS });
  try {
    const texts = listXattrs(fd).map((name) => `${name.toString('hex')}=${getXattr(fd, name)?.toString('hex') ?? ''}`);
    return texts.sort().join(' ');
  } finally {
    closeFd(fd);
  }
}
