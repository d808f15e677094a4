import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SizeMismatchError } from '../image/index.js';
import { InvalidArchiveError } from './errors.js';

/**
 * The bytes of a regular file in a folder that somebody else may have filled: whoever opened a fifo there would wait for ever.
 *
 * @throws {SizeMismatchError} it has more than `maxBytes`
 * @throws {InvalidArchiveError} it is there and no regular file
 */
export async function readPlainFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await openPlainFile(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new SizeMismatchError(maxBytes, size, `"${path}"`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** As {@link readPlainFile}, for content whose size is checked by who reads it. */
export async function* streamPlainFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await openPlainFile(path);
  yield* file.createReadStream({ highWaterMark: 256 * 1024 });
}

async function openPlainFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new InvalidArchiveError(path, 'it is not a regular file');
}
