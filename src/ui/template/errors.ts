import { TsbuildError } from '../../errors.js';

/** A `--format` template that cannot be understood, or does not fit the values it is given. */
export class TemplateError extends TsbuildError {
  readonly code = 'USAGE';
  constructor(
    readonly template: string,
    readonly problem: string,
  ) {
    super(`Cannot use the template ${JSON.stringify(template)}: ${problem}`);
  }
}
