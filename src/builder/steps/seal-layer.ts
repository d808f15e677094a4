import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { EMPTY_LAYER, isEmptyUpper, type LayerEntry, type LayerToWrite, writeLayer } from '../../layers/index.js';
import type { RootAttributes, WorkingLayer } from '../../snapshots/index.js';
import type { Fd } from '../../sys/index.js';
import { explainFullDisk } from './full-disk.js';
import { type LayerIdentity, type LayerState, UnpublishedFiles } from './layer-state.js';
import { diffIdsOf, type RootState } from './root-state.js';
import type { Toolbox } from './toolbox.js';

/** What a step wrote, on the directories below it (top first). */
export interface LayerToSeal {
  readonly working: WorkingLayer;
  readonly lowers: readonly string[];
  /** What of the upper directory belongs to the layer; undefined: all of it. */
  readonly changes: readonly LayerEntry[] | undefined;
}

/**
 * Makes what a step wrote into a layer. Returns at once: the tar, its hashes, the blob and the snapshot are made beside the next step,
 * which may use the files meanwhile. The working layer must not be mounted any more.
 */
export function sealLayer(parent: RootState, { working, lowers, changes }: LayerToSeal, toolbox: Toolbox): LayerState {
  const upper = openDirectory(working.upper);
  const parentRoot = toolbox.snapshots.rootAttributes(lowers);
  if (!isChanged({ working, changes }, upper, parentRoot, toolbox)) {
    closeSync(upper);
    toolbox.snapshots.discard(working);
    return emptyLayer(toolbox);
  }
  const files = new UnpublishedFiles(working);
  // By descriptor: the directories may be renamed into the store while they are read.
  const written = writeToBlob(upper, lowers.map(openDirectory), parentRoot, toolbox, { entries: changes });
  const explain = (error: unknown): never => {
    throw explainFullDisk(error, toolbox.store.root);
  };
  const identity = written.then(({ hashed }) => hashed).catch(explain);
  const stored = written.then(({ stored: done }) => done).catch(explain);
  const published = publishWhenStored(parent, { identity, stored, files }, toolbox).catch((error: unknown) => {
    files.abandon(error);
    throw error;
  });
  toolbox.background.add(stored);
  toolbox.background.add(published);
  return { identity, stored, files };
}

/** A snapshot without its blob would be of no use to anyone, and in the way on a disk that is full. */
async function publishWhenStored(
  parent: RootState,
  layer: LayerState & { readonly files: UnpublishedFiles },
  toolbox: Toolbox,
): Promise<void> {
  const { identity, stored, files } = layer;
  const { diffId } = await identity;
  const below = await diffIdsOf(parent);
  await stored;
  files.publish(() => toolbox.snapshots.publish(files.working, [...below, diffId]));
  await files.whenPublished;
}

/** Files that belong to a layer and are read where they lie. */
export interface UnwrittenFiles {
  readonly root: Fd;
  readonly entries: readonly LayerEntry[];
}

/**
 * As {@link sealLayer}, of a layer that becomes no snapshot: whoever needs its files has them extracted.
 *
 * @param files those that were not written, but for their directories: they go from where they lie into the blob. `root` is closed when the
 * blob is there
 */
export function sealAsBlob({ working, lowers, changes }: LayerToSeal, files: UnwrittenFiles | undefined, toolbox: Toolbox): LayerState {
  const { snapshots, background, store } = toolbox;
  const parentRoot = snapshots.rootAttributes(lowers);
  const upper = openDirectory(working.upper);
  if (files === undefined && !isChanged({ working, changes }, upper, parentRoot, toolbox)) {
    closeSync(upper);
    snapshots.discard(working);
    return emptyLayer(toolbox);
  }
  const options = files === undefined ? { entries: changes } : { entries: files.entries, addedFrom: files.root };
  const written = writeToBlob(upper, lowers.map(openDirectory), parentRoot, toolbox, options);
  const explain = (error: unknown): never => {
    throw explainFullDisk(error, store.root);
  };
  const identity = written.then(({ hashed }) => hashed).catch(explain);
  const stored = written.then(({ stored: done }) => done).catch(explain);
  background.add(stored.finally(() => snapshots.discard(working)));
  return { identity, stored };
}

/**
 * The tree of `upper` as a layer of the store.
 *
 * @param upper closed, as `lowers`, when the blob is there
 * @param options.entries what of it belongs to the layer; left out: all of it
 * @param options.addedFrom closed too: where the entries lie that belong to the layer beside it
 * @returns `hashed` comes a little before `stored`
 */
export async function writeToBlob(
  upper: Fd,
  lowers: readonly Fd[],
  parentRoot: RootAttributes,
  toolbox: Toolbox,
  { entries, addedFrom }: Pick<LayerToWrite, 'entries' | 'addedFrom'> = {},
): Promise<{ hashed: Promise<LayerIdentity>; stored: Promise<void> }> {
  const { store, compression, compressionLevel } = toolbox;
  const file = await store.blobs.tempFile();
  const job = writeLayer(
    {
      upper,
      lowers,
      entries,
      addedFrom,
      overlayXattrs: 'user',
      compression,
      ...(compressionLevel === undefined ? {} : { level: compressionLevel }),
      file,
      parentRoot,
      ...writtenTimes(toolbox),
    },
    { signal: toolbox.interrupted },
  );
  const stored = job.written
    .then(async (layer) => {
      store.blobs.adopt(file, { digest: layer.digest, size: layer.size });
      await store.layers.put({
        diffId: layer.diffId,
        contentDigest: layer.contentDigest,
        uncompressedBytes: layer.uncompressedBytes,
        blobs: [{ digest: layer.digest, size: layer.size, compression }],
      });
    })
    .finally(() => {
      for (const fd of [upper, ...lowers, ...(addedFrom === undefined ? [] : [addedFrom])]) closeSync(fd);
      rmSync(file, { force: true });
    });
  return { hashed: job.hashed, stored };
}

/** Whether a layer would say anything. @param upper the upper directory, opened */
export function isChanged(
  { working, changes }: Omit<LayerToSeal, 'lowers'>,
  upper: Fd,
  parentRoot: RootAttributes,
  toolbox: Toolbox,
): boolean {
  return changes === undefined ? !isEmptyUpper(upper, parentRoot) : changes.length > 0 || !sameRoot(parentRoot, working, toolbox);
}

function sameRoot(before: RootAttributes, working: WorkingLayer, { snapshots }: Toolbox): boolean {
  const { mode, uid, gid } = snapshots.rootAttributes([working.upper]);
  return mode === before.mode && uid === before.uid && gid === before.gid;
}

function writtenTimes({ timestampSeconds, clampSeconds }: Toolbox): Pick<LayerToWrite, 'timestamps'> {
  if (timestampSeconds !== undefined) return { timestamps: { forceSeconds: timestampSeconds } };
  return clampSeconds === undefined ? {} : { timestamps: { clampSeconds } };
}

/** The layer of nothing: known beforehand, its blob written once per store and compression. */
function emptyLayer(toolbox: Toolbox): LayerState {
  const { diffId, contentDigest } = EMPTY_LAYER;
  const stored = storeEmptyLayer(toolbox);
  toolbox.background.add(stored);
  return { identity: Promise.resolve({ diffId, contentDigest, empty: true }), stored };
}

export async function storeEmptyLayer({ store, compression }: Toolbox): Promise<void> {
  const { diffId, contentDigest, uncompressedBytes } = EMPTY_LAYER;
  const known = store.layers.get(diffId)?.blobs.find((blob) => blob.compression === compression);
  if (known !== undefined && store.blobs.has(known.digest, known.size)) return;
  const { digest, size } = await store.blobs.putBytes(await EMPTY_LAYER.blob(compression));
  await store.layers.put({ diffId, contentDigest, uncompressedBytes, blobs: [{ digest, size, compression }] });
}

export function openDirectory(path: string): Fd {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}
