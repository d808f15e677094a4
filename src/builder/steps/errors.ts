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
    ending: ({ readonly exitCode: number } | { readonly signal: string }) & { readonly outOfMemory?: boolean },
    /** Where everything it printed is kept; undefined when it printed nothing. */
    readonly log?: string | undefined,
  ) {
    const how = 'exitCode' in ending ? `exit status ${ending.exitCode}` : `killed by ${ending.signal}`;
    const why = ending.outOfMemory === true ? '; out of memory: its processes used up what --memory allows' : '';
    super(`building at STEP "${instruction}": while running the command: ${how}${why}`, {
      hint: log === undefined ? undefined : `All it printed: ${log}`,
    });
    this.exitCode = 'exitCode' in ending ? ending.exitCode : undefined;
    this.signal = 'signal' in ending ? ending.signal : undefined;
  }
}

/** What a mount is to show is not there. */
export class MountSourceError extends TsbuildError {
  readonly code = 'SOURCE_NOT_FOUND';

  constructor(
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(`the source of a mount, "${path}", does not exist`, options);
  }
}

/** A secret or an agent that a RUN cannot do without was not given to the build. */
export class SecretMissingError extends TsbuildError {
  readonly code = 'SOURCE_NOT_FOUND';

  constructor(
    readonly what: 'secret' | 'ssh',
    readonly id: string,
  ) {
    const given = what === 'secret' ? `--secret id=${id},src=FILE` : `--ssh ${id}`;
    super(`${what} required but no ${what === 'secret' ? 'secret' : 'ssh agent'} with id ${JSON.stringify(id)} found`, {
      hint: `Give it with ${given}`,
    });
  }
}
