import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasCode } from '../errors.js';
import { type ArchiveCompression, compressionOf, decompress } from '../layers/index.js';
import { randomName } from '../sys/index.js';
import { SourceImageNotFoundError } from './errors.js';
import { openTarIndex, type TarIndex } from './tar-index.js';

/** The longest magic number, that of xz. */
const MAGIC_BYTES = 6;

/**
 * A tar for random access. A compressed archive (told by its content) is first decompressed to one temporary file, since
 * nothing in a compressed stream can be reached without all that comes before.
 *
 * @throws {SourceImageNotFoundError} no such file @throws {InvalidArchiveError} not a tar
 */
export async function openPlainTar(path: string, tempDir: string): Promise<{ readonly index: TarIndex; close(): Promise<void> }> {
  const compression = await detectCompression(path);
  if (compression === 'none') return { index: await openTarIndex(path), async close() {} };
  const plain = join(tempDir, `archive-${randomName()}`);
  const close = async (): Promise<void> => await rm(plain, { force: true });
  try {
    await pipeline(decompress(createReadStream(path), compression), createWriteStream(plain, { flags: 'wx' }));
    return { index: await openTarIndex(plain), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function detectCompression(path: string): Promise<ArchiveCompression> {
  try {
    const handle = await open(path, 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
      return compressionOf(buffer);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new SourceImageNotFoundError(`"${path}"`, 'there is no such file');
    throw error;
  }
}
