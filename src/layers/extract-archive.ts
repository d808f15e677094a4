import type { Fd } from '../sys/index.js';
import { extract } from './apply-layer.js';
import type { ByteSource } from './byte-source.js';
import type { ArchiveCompression } from './compression.js';

export interface ArchiveToExtract {
  /** A tar archive; a file is read from its path, which may be `/proc/self/fd/N`. */
  readonly source: ByteSource;
  /** By content unless given. */
  readonly compression?: ArchiveCompression | 'detect';
  /** Root of the file system it goes into; links in `prefix` and in the archive are resolved with this as the root. */
  readonly target: Fd;
  /** Directory inside the root, without or with a leading slash; made when missing (0755, 0:0). */
  readonly prefix: Buffer;
  /** Owner of every entry instead of the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Extract an archive into a directory of a root filesystem, as ADD does: names that begin with `.wh.` are names, an entry for the
 * archive's own root gives that directory its attributes, what is in the way is replaced without being followed. The main thread stays
 * free.
 *
 * @throws {ArchiveInvalidError} {PathEscapeError} {LayerSystemError} as `applyLayer`; also for an archive without its closing blocks
 * @throws {UnsupportedFeatureError} bzip2 or xz, and its program is not installed
 */
export async function extractArchive(archive: ArchiveToExtract, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const job = {
    kind: 'extract' as const,
    target: archive.target,
    overlay: '' as const,
    lowers: [],
    prefix: archive.prefix,
    uid: archive.owner?.uid,
    gid: archive.owner?.gid,
    requireEnd: true,
  };
  await extract(job, archive.source, archive.compression ?? 'detect', signal);
}
