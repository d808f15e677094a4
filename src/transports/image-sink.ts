import type { Descriptor, DiffId, ImageFormat } from '../image/index.js';
import type { RawManifest, RepositoryName } from './image-source.js';

/** A blob on its way into a sink. */
export interface IncomingBlob {
  readonly descriptor: Descriptor;
  readonly kind: 'config' | 'layer';
  /** Of a layer: digest of its uncompressed tar, as the config states it. */
  readonly diffId?: DiffId;
  /** Where it is likely to be already, the likeliest first. */
  readonly repositories: readonly RepositoryName[];
  /** Its bytes, verified while they are read: the iteration throws at the end if they are not what the descriptor says. May be called again after a failure. */
  open(): AsyncIterable<Uint8Array>;
}

/** Somewhere an image can be written. Nothing is visible under the image's name before commit(). */
export interface ImageSink {
  readonly description: string;
  /** Formats it can hold, the preferred one first. */
  readonly formats: readonly ImageFormat[];
  /** What is done to layers on the way: kept as they are, compressed if they are not, or decompressed. */
  readonly layers: 'preserve' | 'compress' | 'decompress';
  /** True if a list of several images can be written. */
  readonly acceptsIndex: boolean;
  /** How many blobs may be written at once; 1 where their order is part of the result. */
  readonly concurrency: number;
  hasBlob(blob: Descriptor, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
  writeBlob(blob: IncomingBlob, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * All blobs of the manifest are written before.
   *
   * @param role `top`: what the reference will name; `instance`: one of the images of a list whose index follows
   */
  writeManifest(manifest: RawManifest, role: 'top' | 'instance', options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Keep a signature of a manifest that was written, beside it; left out: the place keeps none. */
  writeSignature?(signature: Uint8Array, manifest: RawManifest, role: 'top' | 'instance'): Promise<void>;
  /** Make the image visible under its name. */
  commit(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Let go of everything; without a commit() before, nothing of the image stays visible. */
  close(): Promise<void>;
}
