import { writeFileSync } from 'node:fs';
import type { Compression, ContentDigest, DiffId, Digest } from '../image/index.js';
import { digestOf } from '../image/index.js';
import type { Fd } from '../sys/index.js';
import { EMPTY_LAYER, isEmptyUpper, type RootAttributes } from './empty-layer.js';
import { type LayerEntry, packList } from './layer-list.js';
import type { LayerFacts } from './protocol.js';
import { runJob } from './worker-pool.js';

export interface LayerToWrite {
  /** The upper directory, `O_PATH` or not; to be kept open, and the tree unchanged, until `hashed` settles. */
  readonly upper: Fd;
  /** What the layer holds, instead of everything below `upper`; in any order, parents included. */
  readonly entries?: readonly LayerEntry[] | undefined;
  /**
   * The entries lie in this directory, and come in addition to everything below `upper`, which has their parents. None may be a
   * directory, or have the name of something in `upper`. Kept open until `hashed` settles.
   */
  readonly addedFrom?: Fd | undefined;
  /** The family of attributes the overlay was mounted with. */
  readonly overlayXattrs: 'user' | 'trusted';
  readonly compression: Compression;
  /** Of the compression's own scale: zstd 3, gzip 6 unless given. */
  readonly level?: number;
  /** Made, or emptied, and filled with the blob; not synced; gone when writing fails. */
  readonly file: string;
  /** What the root directory was before the step: it becomes an entry only if it changed. */
  readonly parentRoot: RootAttributes;
  /**
   * The directories under the upper one, top first. The kernel marks every new directory opaque; with these at hand, only those
   * that hide something are marked in the layer too. Kept open until `hashed` settles.
   */
  readonly lowers?: readonly Fd[];
  /** Seconds since 1970. `clampSeconds`: no time later than that. `forceSeconds`: that time everywhere. */
  readonly timestamps?: { readonly clampSeconds?: number; readonly forceSeconds?: number };
}

/** What is known of a layer when its tar has been read to the end. */
export interface HashedLayer {
  readonly diffId: DiffId;
  readonly contentDigest: ContentDigest;
  readonly uncompressedBytes: number;
  /** No entry at all: the layer is `EMPTY_LAYER`. */
  readonly empty: boolean;
}

export interface LayerResult extends HashedLayer {
  /** Of the blob, as its size in bytes. */
  readonly digest: Digest;
  readonly size: number;
  readonly mediaCompression: Compression;
}

/**
 * Make the blob of a layer from an upper directory: one walk, one read of each file, both hashes and the compression beside it, in a
 * worker thread. The same tree gives the same bytes everywhere (docs/layer-format.md). Memory does not depend on the tree's size,
 * but for a few dozen bytes for each hard link.
 *
 * @returns two promises; either may be ignored. `hashed` comes a little before `written`, when the compressor still has to finish
 * @throws {LayerUnsupportedError} a name that begins with `.wh.`
 * @throws {FileChangedError} a file whose size changes meanwhile; one of `entries` that only grows is taken as it was
 * @throws {LayerSystemError} a file cannot be read, or the blob not be written (`STORE_FULL`)
 */
export function writeLayer(
  layer: LayerToWrite,
  { signal }: { readonly signal?: AbortSignal } = {},
): { readonly hashed: Promise<HashedLayer>; readonly written: Promise<LayerResult> } {
  let tellHashed: (layer: HashedLayer) => void = () => {};
  const early = new Promise<HashedLayer>((resolve) => {
    tellHashed = resolve;
  });
  const written = write(layer, signal, tellHashed);
  const hashed = Promise.race([
    early,
    written.then(({ diffId, contentDigest, uncompressedBytes, empty }) => ({ diffId, contentDigest, uncompressedBytes, empty })),
  ]);
  // A caller that waits for one of the two hears of a failure there; the other must not count as unhandled.
  written.catch(() => {});
  hashed.catch(() => {});
  return { hashed, written };
}

async function write(layer: LayerToWrite, signal: AbortSignal | undefined, tellHashed: (layer: HashedLayer) => void): Promise<LayerResult> {
  const { upper, parentRoot, compression, timestamps } = layer;
  if (layer.entries === undefined && isEmptyUpper(upper, parentRoot)) {
    tellHashed(EMPTY);
    return await writeEmpty(layer.file, compression);
  }
  const result = await runJob(
    {
      kind: 'write',
      upper,
      list: layer.entries === undefined ? undefined : packList(layer.entries),
      addedFrom: layer.addedFrom,
      overlayXattrs: layer.overlayXattrs,
      lowers: layer.lowers,
      rootMode: parentRoot.mode,
      rootUid: parentRoot.uid,
      rootGid: parentRoot.gid,
      clampSeconds: timestamps?.clampSeconds,
      forceSeconds: timestamps?.forceSeconds,
      compression,
      level: layer.level,
      file: layer.file,
    },
    { signal, onHashed: (facts) => tellHashed(hashedLayer(facts)) },
  );
  if (result.kind !== 'written') throw new TypeError(`A write job gave "${result.kind}"`);
  const digest = `sha256:${result.digest}` as Digest;
  return { ...hashedLayer(result.facts), digest, size: result.size, mediaCompression: compression };
}

const EMPTY: HashedLayer = {
  diffId: EMPTY_LAYER.diffId,
  contentDigest: EMPTY_LAYER.contentDigest,
  uncompressedBytes: EMPTY_LAYER.uncompressedBytes,
  empty: true,
};

async function writeEmpty(file: string, compression: Compression): Promise<LayerResult> {
  const blob = await EMPTY_LAYER.blob(compression);
  writeFileSync(file, blob);
  return { ...EMPTY, digest: digestOf(blob), size: blob.length, mediaCompression: compression };
}

function hashedLayer({ diffId, contentDigest, bytes, entries }: LayerFacts): HashedLayer {
  return {
    diffId: `sha256:${diffId}` as DiffId,
    contentDigest: `sha256:${contentDigest}` as ContentDigest,
    uncompressedBytes: bytes,
    empty: entries === 0,
  };
}
