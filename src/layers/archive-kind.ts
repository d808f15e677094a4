import { hasCode } from '../errors.js';
import { type ArchiveCompression, compressionOf, decompress } from './compression.js';

const BLOCK_BYTES = 512; // tar
const CHECKSUM_AT = 148; // POSIX ustar
const CHECKSUM_BYTES = 8;

/** As many first bytes as `isArchive` can use; fewer when the file is shorter. */
export const ARCHIVE_HEAD_BYTES = 64 * 1024;

/**
 * How the tar archive that begins with `head` is compressed, or undefined when it is none. A file that is only compressed
 * (`notes.gz`) is no archive.
 *
 * @param open gives the file from its start, for bzip2 and xz: their first block may be longer than the head. It is read no further than
 * needed; without it what they hold is taken on trust
 * @throws {UnsupportedFeatureError} bzip2 or xz, and its program is not installed
 */
export async function isArchive(head: Uint8Array, open?: () => AsyncIterable<Uint8Array>): Promise<ArchiveCompression | undefined> {
  const compression = compressionOf(head);
  switch (compression) {
    case 'none':
      return isTarHeader(head) ? 'none' : undefined;
    case 'gzip':
    case 'zstd':
      return isTarHeader(await firstBlock(once(head), compression)) ? compression : undefined;
    case 'bzip2':
    case 'xz':
      return open === undefined || isTarHeader(await firstBlock(open(), compression)) ? compression : undefined;
  }
}

async function firstBlock(bytes: AsyncIterable<Uint8Array>, compression: ArchiveCompression): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of decompress(bytes, compression)) {
      parts.push(part);
      size += part.length;
      if (size >= BLOCK_BYTES) break;
    }
  } catch (error) {
    // The head ends in the middle of the stream as a rule; what came out before counts.
    if (!hasCode(error, 'ARCHIVE_INVALID')) throw error;
  }
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A header whose checksum is right; the closing zero block of an archive without entries is not enough to tell. */
function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < BLOCK_BYTES || bytes[0] === 0) return false;
  const field = Buffer.from(bytes.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES)).toString('latin1');
  const digits = /^[ \0]*([0-7]+)/.exec(field)?.[1];
  if (digits === undefined) return false;
  let sum = CHECKSUM_BYTES * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    if (at < CHECKSUM_AT || at >= CHECKSUM_AT + CHECKSUM_BYTES) sum += bytes[at]!;
  }
  return sum === Number.parseInt(digits, 8);
}
