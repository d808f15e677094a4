import { TsbuildError } from '../errors.js';

/** git could not do what it was asked for. */
export class GitFailedError extends TsbuildError {
  readonly code = 'FETCH_FAILED';
  constructor(
    /** What was to be done: `read the repository https://host/path.git`. */
    readonly action: string,
    /** What git said last. */
    readonly reason: string,
    options?: ErrorOptions & { readonly hint?: string | undefined },
  ) {
    super(`Cannot ${action}: ${reason}`, options);
  }
}

/** A repository has another commit than the one that was promised. */
export class CommitMismatchError extends TsbuildError {
  readonly code = 'DIGEST_MISMATCH';
  constructor(
    readonly repository: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`${repository}: expected checksum to match ${expected}, got ${actual}`, { hint: 'Check the ref, then the checksum' });
  }
}

/** A server sends more than a build takes. */
export class DownloadTooLargeError extends TsbuildError {
  readonly code = 'FETCH_FAILED';
  constructor(
    readonly url: string,
    readonly limitBytes: number,
  ) {
    super(`Cannot fetch ${url}: it is larger than ${limitBytes} bytes`, { hint: 'Fetch it yourself, and give it as a file' });
  }
}

/** An archive holds more than a build takes, as one does that was made to fill disks. */
export class ArchiveTooLargeError extends TsbuildError {
  readonly code = 'ARCHIVE_INVALID';
  constructor(
    readonly archive: string,
    readonly limitBytes: number,
  ) {
    super(`Cannot unpack ${archive}: it holds more than ${limitBytes} bytes`, { hint: 'Unpack it yourself, and give the directory' });
  }
}
