import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Compression, type DiffId, type Digest, DigestMismatchError } from '../image/index.js';
import { compressTo, decompress } from '../layers/index.js';
import { randomName } from '../sys/index.js';

export interface RecompressOptions {
  readonly from: Compression;
  readonly to: Compression;
  readonly level?: number;
  /** What the uncompressed bytes must hash to. */
  readonly diffId: DiffId;
  /** Where the bytes come from, for messages. */
  readonly origin: string;
  readonly tempDir: string;
  readonly signal?: AbortSignal;
}

/** A layer in another compression, in a temporary file. */
export interface RecompressedLayer {
  readonly digest: Digest;
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/**
 * Compress, decompress or recompress a layer. The uncompressed bytes are held to the diff id on the way, so a layer that is not what its
 * config says cannot get a digest that looks right.
 *
 * @throws {DigestMismatchError} the layer is not the one the config promises; the temporary file is gone then
 */
export async function recompressLayer(content: AsyncIterable<Uint8Array>, options: RecompressOptions): Promise<RecompressedLayer> {
  const file = join(options.tempDir, `layer-${randomName()}`);
  const remove = async (): Promise<void> => await rm(file, { force: true });
  const plainHash = createHash('sha256');
  const blobHash = createHash('sha256');
  let size = 0;
  const plain = tap(options.from === 'none' ? content : decompress(content, options.from), (chunk) => plainHash.update(chunk));
  const level = options.level === undefined ? {} : { level: options.level };
  const blob = tap(options.to === 'none' ? plain : compressTo(plain, options.to, level), (chunk) => {
    blobHash.update(chunk);
    size += chunk.byteLength;
  });
  try {
    await pipeline(blob, createWriteStream(file, { flags: 'wx' }), options.signal === undefined ? {} : { signal: options.signal });
    const diffId = `sha256:${plainHash.digest('hex')}` as Digest;
    if (diffId !== (options.diffId as string))
      throw new DigestMismatchError(options.diffId as string as Digest, diffId, `the tar of a layer from ${options.origin}`);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    digest: `sha256:${blobHash.digest('hex')}` as Digest,
    size,
    open: () => createReadStream(file, { highWaterMark: 256 * 1024 }),
    remove,
  };
}

async function* tap(content: AsyncIterable<Uint8Array>, look: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    look(chunk);
    yield chunk;
  }
}
