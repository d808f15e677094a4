import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ArchiveInvalidError } from './errors.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * The content of gzip members one after the other.
 *
 * @throws {ArchiveInvalidError} damaged, cut short, or followed by anything that is no member, zeros too
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = createGunzip({ chunkSize: CHUNK_BYTES });
  const feed = { bytes: 0, failure: undefined as unknown };
  const feeding = pipeline(counted(source, feed), inflater, { end: true });
  // It is looked at below; until then it must not count as unhandled.
  feeding.catch(() => {});
  try {
    yield* inflater as AsyncIterable<Uint8Array>;
    await feeding;
  } catch (error) {
    // The source's own failure is not the stream's fault; but a stream that fails ends its source too, with an error of its own.
    if (feed.failure !== undefined && !isOfZlib(error)) throw feed.failure;
    throw damaged(error);
  } finally {
    inflater.destroy();
  }
  // zlib takes zeros behind a member for padding and stops there; a layer has none.
  if (inflater.bytesWritten !== feed.bytes) throw new ArchiveInvalidError('the gzip stream is followed by something else');
}

async function* counted(source: AsyncIterable<Uint8Array>, feed: { bytes: number; failure: unknown }): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      feed.bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    feed.failure = error;
    throw error;
  }
}

function damaged(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new ArchiveInvalidError('the gzip stream ends too early', undefined, { cause: error });
  if (isOfZlib(error)) return new ArchiveInvalidError(`the gzip stream is damaged (${error.message})`, undefined, { cause: error });
  return error;
}

function isOfZlib(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
