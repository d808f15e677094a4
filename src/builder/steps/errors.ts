import { TsbuildError } from '../../errors.js';
import type { ArchiveInvalidError, PathEscapeError } from '../../layers/index.js';

/** A path of an instruction cannot be written to in the image. */
export class DestinationError extends TsbuildError {
  readonly code = 'PATH_ESCAPE';
  constructor(
    readonly destination: string,
    problem: string,
    hint?: string,
  ) {
    super(`Cannot write to ${JSON.stringify(destination)} in the image: ${problem}`, { hint });
  }
}

/** A local archive of ADD is damaged, or holds an entry that leads out of its place. */
export class ArchiveSourceError extends TsbuildError {
  readonly code: 'ARCHIVE_INVALID' | 'PATH_ESCAPE';
  constructor(
    readonly archive: string,
    cause: ArchiveInvalidError | PathEscapeError,
  ) {
    const entry = cause.entry === undefined ? '' : `, entry ${JSON.stringify(cause.entry)}`;
    const hint =
      cause.code === 'ARCHIVE_INVALID' ? 'Make the archive again, or copy it as it is with COPY' : 'Make the archive without that entry';
    super(`Cannot unpack ${JSON.stringify(archive)}${entry}: ${cause.reason}`, { cause, hint });
    this.code = cause.code;
  }
}

/** A RUN's command did not succeed. */
export class RunFailedError extends TsbuildError {
  readonly code = 'STEP_FAILED';
  /** Of the command; 128 + the signal's number is the caller's to make. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;

  constructor(
    readonly instruction: string,
    ending: { readonly exitCode: number } | { readonly signal: string },
  ) {
    const how = 'exitCode' in ending ? `exit status ${ending.exitCode}` : `killed by ${ending.signal}`;
    super(`building at STEP "${instruction}": while running the command: ${how}`);
    this.exitCode = 'exitCode' in ending ? ending.exitCode : undefined;
    this.signal = 'signal' in ending ? ending.signal : undefined;
  }
}
