import { TsbuildError } from '../errors.js';

/** An archive or layer blob that breaks its format, is cut short, or asks for something no root filesystem can hold. */
export class ArchiveInvalidError extends TsbuildError {
  readonly code = 'ARCHIVE_INVALID';
  constructor(
    readonly reason: string,
    /** Name of the entry as it stands in the archive; undefined when no entry is to blame. */
    readonly entry?: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot extract ${entry === undefined ? 'archive' : `entry ${JSON.stringify(entry)}`}: ${reason}`, options);
  }
}

/** An archive entry whose name or hard link target leads out of the directory it is extracted into. */
export class PathEscapeError extends TsbuildError {
  readonly code = 'PATH_ESCAPE';
  constructor(
    readonly reason: string,
    readonly entry: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot extract entry ${JSON.stringify(entry)}: ${reason}`, options);
  }
}

/** A tree with something in it that no layer can express. */
export class LayerUnsupportedError extends TsbuildError {
  readonly code = 'UNSUPPORTED';
  constructor(
    readonly reason: string,
    /** Path below the root. */
    readonly entry: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot write layer: ${reason}`, { ...options, hint: 'Remove it in the step that makes it' });
  }
}

/** A file whose size changed while the layer was written. */
export class FileChangedError extends TsbuildError {
  readonly code = 'SYSTEM';
  constructor(
    readonly reason: string,
    readonly entry: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot write layer: ${reason}`, options);
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** A system call failed while a layer was read or written; `cause` carries `code`, `errno`, `syscall` and `path`. */
export class LayerSystemError extends TsbuildError {
  readonly code: 'STORE_FULL' | 'SYSTEM';
  constructor(
    /** `read layer`, `extract layer`, `write layer`. */
    readonly action: string,
    /** Name of the errno: `ENOSPC`. */
    readonly errorName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    const full = FULL.has(errorName);
    super(`Cannot ${action}: ${message}`, full ? { ...options, hint: 'Free space on the disk that holds the store' } : options);
    this.code = full ? 'STORE_FULL' : 'SYSTEM';
  }
}
