import { TsbuildError } from '../../errors.js';

/** An image cannot be signed, or its signature cannot be put where it belongs. */
export class SigningError extends TsbuildError {
  readonly code = 'SIGNING_FAILED';
}

/** The program gpg is not there, or did not do what it was asked to. */
export class GpgError extends TsbuildError {
  readonly code = 'SIGNING_FAILED';
  constructor(
    readonly action: string,
    /** What gpg wrote; undefined: there is no gpg. */
    readonly complaint: string | undefined,
    options?: ErrorOptions & { readonly hint?: string | undefined },
  ) {
    super(`Cannot ${action}: ${complaint ?? 'there is no program gpg in PATH'}`, {
      ...(complaint === undefined ? { hint: 'Install GnuPG: apt-get install gnupg, dnf install gnupg2, or apk add gnupg' } : {}),
      ...options,
    });
  }
}

/** policy.json wants a signature of the image, and it has none that will do. */
export class SignatureRejectedError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(
    readonly image: string,
    readonly policyFile: string,
    readonly scope: string,
    /** Where signatures were looked for. */
    readonly place: string,
    /** What is wrong with each that was found. */
    readonly reasons: readonly string[],
  ) {
    const found = reasons.length === 0 ? `there is no signature at ${place}` : reasons.join('; ');
    super(`Source image rejected: ${policyFile} (scope ${scope}) requires a signature of ${image}: ${found}`);
  }
}
