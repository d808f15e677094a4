import type { Digest } from '../image/index.js';

/** How a blob is addressed, and its size in bytes as stored. */
export interface BlobRef {
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobStore {
  /** True when the blob can be read here; with `size`, only if it has that many bytes. */
  has(digest: Digest, size?: number): boolean;
  /** Bytes as stored. @throws {BlobNotFoundError} */
  size(digest: Digest): number;
  /** Where the blob is, or would be. The file is read-only and must stay so: it is shared by every image that has it. */
  path(digest: Digest): string;
  /**
   * The blob's bytes, verified while they are read: the iteration throws at its end if they do not hash to `digest`.
   *
   * @throws {BlobNotFoundError} at the first read
   * @throws {DigestMismatchError} the file was damaged
   * @throws {SizeMismatchError} `size` was given and is not the file's
   */
  open(blob: { readonly digest: Digest; readonly size?: number }): AsyncIterable<Uint8Array>;
  /**
   * A whole small blob (manifest, config), verified.
   *
   * @throws {BlobNotFoundError} @throws {DigestMismatchError} @throws {SizeMismatchError} also when it is larger than `maxBytes`
   */
  readAll(blob: { readonly digest: Digest; readonly size?: number }, maxBytes?: number): Uint8Array;
  /**
   * Store `content` under its own digest.
   *
   * When this resolves the blob can be read under the returned digest. That does not mean this call wrote it: if it was there
   * already, or another process won the race, the outcome is the same. A failed or killed write never leaves a partial blob.
   *
   * @param content  the bytes as sent or stored; read once, to the end (not at all if `expected` is there already)
   * @param expected digest and size in bytes to hold the content to; leave out when the content is created here
   * @throws {DigestMismatchError} the bytes do not hash to `expected.digest`
   * @throws {SizeMismatchError} not exactly `expected.size` bytes; reading stops at the first byte too many
   * @throws {StoreFullError} the file system is full; the temporary file is gone when this is thrown
   */
  put(content: AsyncIterable<Uint8Array>, expected?: BlobRef, options?: { readonly signal?: AbortSignal }): Promise<BlobRef>;
  putBytes(bytes: Uint8Array): Promise<BlobRef>;
  /** Take a finished file of this store's `tempFile()` in by rename. The caller vouches for digest and size: it hashed the bytes while writing. */
  adopt(file: string, blob: BlobRef): void;
  /** A new path (no file yet) in this process's scratch directory; what is left there goes when the store is closed. */
  tempFile(): Promise<string>;
}
