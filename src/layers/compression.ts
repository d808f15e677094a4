import type { Compression } from '../image/index.js';
import { type ByteOutput, copyInto } from './byte-output.js';
import { unzstd, zstdFrame } from './zstd.js';

/** What an archive may come in; layers are never bzip2 or xz. */
export type ArchiveCompression = Compression | 'bzip2' | 'xz';

const CHUNK_BYTES = 256 * 1024;

/** As many bytes as `compressionOf` looks at. */
export const MAGIC_BYTES = 6;

/** By the first bytes: RFC 1952, RFC 8878 (a frame, or a skippable one), bzip2's and xz's file formats. */
export function compressionOf(head: Uint8Array): ArchiveCompression {
  const is = (...magic: readonly number[]) => magic.every((byte, at) => head[at] === byte);
  if (is(0x1f, 0x8b)) return 'gzip';
  if (is(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  if (is(0x42, 0x5a, 0x68)) return 'bzip2';
  if (is(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  return 'none';
}

/**
 * The uncompressed bytes of `source`. Runs on the calling thread but for gzip (libuv's pool), bzip2 and xz (their programs).
 *
 * @throws {ArchiveInvalidError} damaged, cut short, or followed by garbage
 * @throws {UnsupportedFeatureError} bzip2 or xz, and its program is not installed
 */
export function decompress(source: AsyncIterable<Uint8Array>, compression: ArchiveCompression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return late(async () => (await import('./gunzip.js')).gunzip(source));
    case 'zstd':
      return unzstd(source);
    case 'bzip2':
    case 'xz':
      return late(async () => (await import('./external-decompressor.js')).decompressExternally(compression, source));
  }
}

/** Takes bytes and puts compressed ones into the output it was made with. */
export interface Compressor {
  /** `bytes` may be used again when this is done. */
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
}

/**
 * A compressor with the parameters all layers get; the same bytes in give the same bytes out on any number of processors.
 *
 * @param level of the compression's own scale; by default 3 for zstd, 6 for gzip
 */
export async function openCompressor(compression: Compression, level: number | undefined, output: ByteOutput): Promise<Compressor> {
  const sink = (bytes: Uint8Array): void => copyInto(output, bytes);
  switch (compression) {
    case 'none':
      return { write: sink, end() {} };
    case 'gzip':
      return new (await import('./gzip-blocks.js')).GzipBlocks(level, sink);
    case 'zstd':
      return await zstdFrame(level, output);
  }
}

/**
 * The compressed bytes of `source`, the same as a layer with this content has. Runs on the calling thread and on threads of libzstd
 * or libuv; reads only as fast as it is read.
 */
export async function* compressTo(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  options: { readonly level?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const room = Buffer.allocUnsafe(CHUNK_BYTES);
  const output = { room: () => room, filled: (bytes: number) => ready.push(Buffer.from(room.subarray(0, bytes))) };
  const compressor = await openCompressor(compression, options.level, output);
  const take = (): Uint8Array[] => {
    const taken = ready;
    ready = [];
    return taken;
  };
  for await (const chunk of source) {
    options.signal?.throwIfAborted();
    await compressor.write(chunk);
    yield* take();
  }
  await compressor.end();
  yield* take();
}

/** What only some layers need is loaded when one does: a cached build is over before Node has loaded zlib. */
async function* late(open: () => Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await open();
}
