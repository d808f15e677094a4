import { UsageError } from '../../errors.js';

/** A seccomp profile cannot be used. Nothing of it is passed over: a filter that is weaker than it says would be worse than none. */
export class SeccompProfileError extends UsageError {
  constructor(
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot use the seccomp profile: ${problem}`, options);
  }
}
