import { TsbuildError } from '../errors.js';

/** One entry of a registry's error document. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
export interface Diagnostic {
  /** `MANIFEST_UNKNOWN`, `DENIED`, …; empty when the registry gave none. */
  readonly code: string;
  readonly message: string;
}

export interface RegistryFacts {
  /** Host and port, as the user wrote it. */
  readonly host: string;
  /** HTTP status; left out when there was no answer at all. */
  readonly status?: number | undefined;
  readonly diagnostics?: readonly Diagnostic[] | undefined;
  /** True when the same request may succeed a moment later. */
  readonly retryable?: boolean | undefined;
  /** Milliseconds the registry asked to wait before the next try. */
  readonly retryAfterMs?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A registry could not be reached, refused, or answered something that is not of the protocol. */
export class RegistryError extends TsbuildError {
  readonly code = 'REGISTRY_ERROR';
  readonly host: string;
  readonly status: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  /** @param action what could not be done: `read localhost:5000/app:1` */
  constructor(
    readonly action: string,
    readonly problem: string,
    facts: RegistryFacts,
  ) {
    super(`Cannot ${action}: ${problem}`, { hint: facts.hint, ...(facts.cause === undefined ? {} : { cause: facts.cause }) });
    this.host = facts.host;
    this.status = facts.status;
    this.diagnostics = facts.diagnostics ?? [];
    this.retryable = facts.retryable ?? false;
    this.retryAfterMs = facts.retryAfterMs;
  }
}
