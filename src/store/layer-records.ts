import { rmSync } from 'node:fs';
import { type Compression, type ContentDigest, type DiffId, type Digest, digestHex, isDigest } from '../image/index.js';
import type { Layout } from './layout.js';
import { isObject, listNames, readRecord, writeRecord } from './record-files.js';
import type { Scratch } from './scratch.js';

/** What is known of a layer, whichever blob holds it. */
export interface LayerRecord {
  readonly diffId: DiffId;
  /** Digest over the layer without its mtimes; absent until the layer was written or extracted here. */
  readonly contentDigest?: ContentDigest;
  /** Bytes of the tar stream; absent until the layer was written, extracted or decompressed here. */
  readonly uncompressedBytes?: number;
  readonly blobs: readonly LayerBlob[];
}

/** One compressed form of a layer. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly compression: Compression;
}

export interface LayerRecords {
  /** Blobs that are not in the store any more are left out. */
  get(diffId: DiffId): LayerRecord | undefined;
  /** Add what `record` knows to what is known already: blobs are joined by digest, fields that are there are kept. */
  put(record: LayerRecord): Promise<void>;
  list(): readonly LayerRecord[];
  /** Forget what is known of a layer. */
  remove(diffId: DiffId): void;
}

export function openLayerRecords(layout: Layout, scratch: Scratch, hasBlob: (digest: Digest, size: number) => boolean): LayerRecords {
  const file = (diffId: DiffId): string => `${layout.layers}/${digestHex(diffId)}.json`;
  const get = (diffId: DiffId): LayerRecord | undefined => {
    const record = readRecord(file(diffId), isLayerRecord);
    return record === undefined ? undefined : { ...record, blobs: record.blobs.filter(({ digest, size }) => hasBlob(digest, size)) };
  };
  return {
    get,
    async put(record) {
      const known = get(record.diffId);
      const joined = known === undefined ? record : joinRecords(known, record);
      // A racing writer may drop what this one added; a blob that no record names is only a blob that is not offered.
      if (JSON.stringify(joined) !== JSON.stringify(known)) writeRecord(file(record.diffId), joined, await scratch.dir());
    },
    remove: (diffId) => rmSync(file(diffId), { force: true }),
    list() {
      return listNames(layout.layers).flatMap((name) => get(`sha256:${name.replace(/\.json$/, '')}` as DiffId) ?? []);
    },
  };
}

function joinRecords(known: LayerRecord, added: LayerRecord): LayerRecord {
  const blobs = new Map([...known.blobs, ...added.blobs].map((blob) => [blob.digest, blob]));
  return { ...added, ...known, blobs: [...blobs.values()] };
}

function isLayerRecord(value: unknown): value is LayerRecord {
  return (
    isObject(value) &&
    typeof value.diffId === 'string' &&
    isDigest(value.diffId) &&
    Array.isArray(value.blobs) &&
    value.blobs.every(
      (blob: unknown) => isObject(blob) && typeof blob.digest === 'string' && isDigest(blob.digest) && typeof blob.size === 'number',
    )
  );
}
