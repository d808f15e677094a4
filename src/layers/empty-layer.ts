import type { Compression, ContentDigest, DiffId } from '../image/index.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type Fd, getXattr, readDirectory, statat } from '../sys/index.js';

/** Owner and permission bits (07777) of a root directory. */
export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The two zero blocks that end a tar archive, and nothing before them. */
const EMPTY_TAR = Buffer.alloc(1024);

// A zstd frame (RFC 8878) by hand, so that an empty RUN needs no libzstd: one segment of 1024 bytes with a checksum, one block that
// repeats a zero byte 1024 times, the low half of the content's XXH64.
const EMPTY_ZSTD = Buffer.from('28b52ffd640003' + '032000' + '00' + 'cdac85f0', 'hex');

/** The layer that changes nothing, as `RUN true` makes it. */
export const EMPTY_LAYER = {
  /** sha256 of 1024 zero bytes. */
  diffId: 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef' as DiffId,
  /** sha256 of the content digest's first line alone (docs/layer-format.md). */
  contentDigest: 'sha256:944af4664465d644dfb02751edab8726197885837e0ac0c4e7c1a25139321088' as ContentDigest,
  uncompressedBytes: EMPTY_TAR.length,
  /** The blob; the same bytes at every level. */
  async blob(compression: Compression): Promise<Uint8Array> {
    switch (compression) {
      case 'none':
        return EMPTY_TAR;
      case 'zstd':
        return EMPTY_ZSTD;
      case 'gzip':
        return await gzipped(EMPTY_TAR);
    }
  },
};

async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  const { GzipBlocks } = await import('./gzip-blocks.js');
  const blocks = new GzipBlocks(undefined, (part) => parts.push(Buffer.from(part)));
  await blocks.write(bytes);
  await blocks.end();
  return Buffer.concat(parts);
}

/**
 * True when an upper directory makes the empty layer: it has no entry, and its own mode and owner are the parent's. A few system
 * calls; starts no thread.
 */
export function isEmptyUpper(upper: Fd, parentRoot: RootAttributes): boolean {
  if (readDirectory(upper).length > 0) return false;
  // Where an owner could not be given it is written down here; whether it is the parent's is for the writer to say.
  if (getXattr(upper, 'user.containers.override_stat') !== undefined) return false;
  const { mode, uid, gid } = statat(upper, '', AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  return (mode & 0o7777) === parentRoot.mode && uid === parentRoot.uid && gid === parentRoot.gid;
}
