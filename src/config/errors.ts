import { TsbuildError } from '../errors.js';

/** A setting from the environment or a configuration file cannot be used. */
export class SettingsError extends TsbuildError {
  readonly code = 'SETTINGS_INVALID';
  /**
   * @param origin where the value comes from: `TMPDIR`, `/etc/containers/registries.conf`
   * @param line   from 1; undefined when the origin is not a text file or no line is to blame
   */
  constructor(
    readonly origin: string,
    readonly problem: string,
    readonly line?: number,
    options?: ErrorOptions & { readonly hint?: string },
  ) {
    super(`Cannot use ${origin}${line === undefined ? '' : `:${line}`}: ${problem}`, options);
  }
}
