import { TsbuildError } from '../../errors.js';

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
