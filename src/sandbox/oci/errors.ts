import { TsbuildError } from '../../errors.js';

/** A runtime of OCI could not run a command; the command did not start. */
export class RuntimeError extends TsbuildError {
  readonly code = 'SANDBOX_SETUP';

  /** @param words what the runtime said itself */
  constructor(
    readonly runtime: string,
    readonly words: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot run the command by ${runtime}: ${words}`, {
      ...options,
      hint: 'Leave --isolation and --runtime out: the sandbox that comes with tsbuild needs no runtime',
    });
  }
}
