import type { Descriptor, Digest } from '../image/index.js';

/** The bytes of a manifest or index exactly as they are kept or were sent. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** A place of a registry where blobs are. */
export interface RepositoryName {
  /** As in image names: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly repository: string;
}

/** An image, or a list of images, that can be read. Content is not trusted: `copyImage` verifies it. */
export interface ImageSource {
  /** For messages, without credentials: `docker://quay.io/a/b:1`. */
  readonly description: string;
  /** The manifest or index that the reference names; with `digest`, an instance of the index. */
  readManifest(digest: Digest | undefined, options?: { readonly signal?: AbortSignal }): Promise<RawManifest>;
  openBlob(blob: Descriptor, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** At most so many blobs are to be read at once; left out: as many as the sink takes. */
  readonly concurrency?: number | undefined;
  /** Names an archive keeps the image under, when it was chosen without one. */
  readonly keptNames?: readonly string[];
  /** The signatures that are kept with the image, or with an instance of its list; left out: the place keeps none. */
  readSignatures?(digest: Digest | undefined): Promise<readonly Uint8Array[]>;
  /** Where the blob is likely to be, besides here: a registry need not be sent what it has. */
  repositoriesOf?(blob: Descriptor): readonly RepositoryName[];
  close(): Promise<void>;
}
