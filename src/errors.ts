/** Every code a caller may branch on. Callers compare `code`; nobody reads message text. */
export type ErrorCode =
  | 'ARCHIVE_INVALID'
  | 'BLOB_NOT_FOUND'
  | 'CACHE_LAYER_LOST'
  | 'CANCELLED'
  | 'CONTAINERFILE_SYNTAX'
  | 'CONTAINER_NOT_FOUND'
  | 'CONTEXT_INVALID'
  | 'DIGEST_MISMATCH'
  | 'FETCH_FAILED'
  | 'IMAGE_IN_USE'
  | 'IMAGE_NOT_FOUND'
  | 'LINT_VIOLATION'
  | 'MANIFEST_INVALID'
  | 'NAME_IN_USE'
  | 'NATIVE_MISSING'
  | 'NETWORK'
  | 'PATH_ESCAPE'
  | 'REFERENCE_SYNTAX'
  | 'REGISTRY_ERROR'
  | 'SANDBOX_SETUP'
  | 'SBOM_INVALID'
  | 'SCAN_FAILED'
  | 'SETTINGS_INVALID'
  | 'SIGNING_FAILED'
  | 'SIZE_MISMATCH'
  | 'SOURCE_DENIED'
  | 'SOURCE_NOT_FOUND'
  | 'SOURCE_UNREADABLE'
  | 'STEP_FAILED'
  | 'STORE_CORRUPT'
  | 'STORE_FULL'
  | 'STORE_LOCKED'
  | 'STORE_VERSION'
  | 'SYSTEM'
  | 'UNSUPPORTED'
  | 'USAGE';

/**
 * Base of every error tsbuild throws on purpose: facts are fields, the sentence is made from them, the origin is `cause`.
 * The message says what could not be done and then the state found; no full stop at the end.
 */
export abstract class TsbuildError extends Error {
  abstract readonly code: ErrorCode;
  /** What the user can do about it, one sentence; absent when there is nothing to do. */
  readonly hint: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly hint?: string | undefined }) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options?.hint;
  }
}

/** A wrong command line: unknown flag, missing argument, values that exclude each other. */
export class UsageError extends TsbuildError {
  readonly code = 'USAGE';
}

/** Something tsbuild knows of and does not do. */
export class UnsupportedFeatureError extends TsbuildError {
  readonly code = 'UNSUPPORTED';
}

/** True when `error` carries `code`, whichever bundle its class came from; also for Node's system errors (`ENOENT`, ...). */
export function hasCode(error: unknown, code: ErrorCode | NodeJS.ErrnoException['code']): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
