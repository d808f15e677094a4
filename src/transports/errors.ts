import { type ErrorCode, TsbuildError } from '../errors.js';

/** `transport:rest` that cannot be read. */
export class TransportSyntaxError extends TsbuildError {
  readonly code = 'REFERENCE_SYNTAX';
  constructor(
    readonly text: string,
    readonly problem: string,
  ) {
    super(`Invalid image location ${JSON.stringify(text.slice(0, 300))}: ${problem}`);
  }
}

/** The place is there, the image is not; or there are several and the reference does not say which. */
export class SourceImageNotFoundError extends TsbuildError {
  readonly code = 'IMAGE_NOT_FOUND';
  constructor(
    readonly location: string,
    readonly problem: string,
    /** Names that would have been found. */
    readonly available: readonly string[] = [],
  ) {
    super(`Cannot find an image in ${location}: ${problem}`, {
      hint: available.length === 0 ? undefined : `It has ${available.slice(0, 10).join(', ')}${available.length > 10 ? ', ...' : ''}`,
    });
  }
}

/** A file or directory that is not what its transport expects: no tar, no manifest.json, entries that contradict each other. */
export class InvalidArchiveError extends TsbuildError {
  readonly code = 'ARCHIVE_INVALID';
  constructor(
    readonly path: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot read "${path}": ${problem}`, options);
  }
}

/** Something is at the destination already that must not be changed. */
export class DestinationInUseError extends TsbuildError {
  readonly code = 'NAME_IN_USE';
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`Cannot write an image to "${path}": ${problem}`, { hint: 'Remove it first, or give another path' });
  }
}

/** The file system of the destination does not take what is written. */
export class DestinationWriteError extends TsbuildError {
  readonly code: ErrorCode;
  constructor(
    readonly path: string,
    readonly reason: string,
    options: ErrorOptions & { readonly isFull: boolean },
  ) {
    super(`Cannot write "${path}": ${reason}`, { cause: options.cause });
    this.code = options.isFull ? 'STORE_FULL' : 'SYSTEM';
  }
}
