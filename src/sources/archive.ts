import { closeSync, constants, openSync } from 'node:fs';
import { ArchiveInvalidError, decompress, extractArchive, isArchive, PathEscapeError } from '../layers/index.js';
import { bounded } from './bounded.js';
import { ArchiveTooLargeError } from './errors.js';

export interface UnpackOptions {
  /** What it is, for messages. */
  readonly name: string;
  /** The first bytes of the archive, `ARCHIVE_HEAD_BYTES` of them where there are as many. */
  readonly head: Uint8Array;
  /** All of them, the head included. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** An empty directory. */
  readonly directory: string;
  /** Unpacked. */
  readonly limitBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Unpacks a tar archive, compressed or not, into a directory that nothing of it leads out of. Owners are not kept.
 *
 * @returns false when it is no archive, and nothing was read of it
 * @throws {ArchiveTooLargeError} @throws {ArchiveInvalidError} @throws {PathEscapeError}
 */
export async function unpackArchive({ name, head, bytes, directory, limitBytes, signal }: UnpackOptions): Promise<boolean> {
  const compression = await isArchive(head);
  if (compression === undefined) return false;
  const plain = compression === 'none' ? bytes : decompress(bytes, compression);
  const source = bounded(plain, limitBytes, () => new ArchiveTooLargeError(name, limitBytes));
  const target = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await extractArchive({ source, compression: 'none', target, prefix: Buffer.from('/'), owner: { uid: 0, gid: 0 } }, { signal });
    return true;
  } finally {
    closeSync(target);
  }
}

/** The words for a failure of {@link unpackArchive}, where it has something to say of the archive itself. */
export function describeUnpacked(error: unknown): string | undefined {
  if (!(error instanceof ArchiveInvalidError || error instanceof PathEscapeError)) return undefined;
  return error.entry === undefined ? error.reason : `entry ${JSON.stringify(error.entry)}: ${error.reason}`;
}
