import type { Compression, ContentDigest, DiffId, Digest } from '../image/index.js';

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
  get(diffId: DiffId): LayerRecord | undefined;
  /** Add what `record` knows to what is known already: blobs are joined by digest, fields that are there are kept. */
  put(record: LayerRecord): Promise<void>;
  list(): readonly LayerRecord[];
}
