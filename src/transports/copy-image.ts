import type { Compression, Descriptor, ImageFormat, Platform } from '../image/index.js';
import type { Reporter } from '../progress.js';

export interface CopyImageOptions {
  /** Which image of a list; `all` copies the list as it is. */
  readonly platform: Platform | 'all';
  /** Format to write; left out: the source's if the sink can hold it, otherwise the sink's first. */
  readonly format?: ImageFormat;
  /** For layers that have to be compressed; left out: zstd stays zstd, others gzip. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** Recompress layers that are compressed in another way than `compression`. */
  readonly forceCompression?: boolean;
  /** Fail rather than change a byte of the manifest. */
  readonly preserveDigests?: boolean;
  /** Directory for layers that are recompressed; files there are removed as soon as they are written. */
  readonly tempDir: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface CopyImageResult {
  /** What the sink's reference names now. */
  readonly descriptor: Descriptor;
  /** Hexadecimal digits of the config's digest; absent when a list was copied. */
  readonly imageId?: string;
}
