/** Tar stream ↔ directory tree. */
export { type AppliedLayer, adoptAttributes, applyLayer, type LayerToApply } from './apply-layer.js';
export { type ArchiveEntry, readArchiveEntries } from './archive-entries.js';
export { ARCHIVE_HEAD_BYTES, isArchive } from './archive-kind.js';
export { type ByteSource, peek } from './byte-source.js';
export { type ArchiveCompression, compressionOf, compressTo, decompress } from './compression.js';
export { verifyDiffId } from './digest-layer.js';
export { EMPTY_LAYER, isEmptyUpper, type RootAttributes } from './empty-layer.js';
export { ArchiveInvalidError, FileChangedError, LayerSystemError, LayerUnsupportedError, PathEscapeError } from './errors.js';
export { type ArchiveToExtract, extractArchive } from './extract-archive.js';
export type { GrowingFile } from './growing-file.js';
export type { LayerEntry } from './layer-list.js';
export { type HashedLayer, type LayerResult, type LayerToWrite, writeLayer } from './write-layer.js';
