import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { randomName } from '../sys/index.js';

/** `content` as a file, which appears complete or not at all. */
export async function writeFileSafely(
  path: string,
  content: AsyncIterable<Uint8Array>,
  options?: { readonly signal?: AbortSignal },
): Promise<void> {
  const temporary = `${path}.${randomName(4)}.tmp`;
  try {
    await pipeline(content, createWriteStream(temporary, { flags: 'wx' }), options?.signal === undefined ? {} : { signal: options.signal });
    await rename(temporary, path);
  } catch (error) {
    // The first failure is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
