import { setTimeout as delay } from 'node:timers/promises';
import { RegistryError } from './registry-error.js';

export interface RetryPolicy {
  /** Tries after the first one. */
  readonly retries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly delayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { retries: 3, delayMs: 1000 };

const MAX_DELAY_MS = 60_000;

/** Run `attempt` until it succeeds, fails for good, or the policy's tries are used up; then its last error is thrown. */
export async function withRetry<T>(policy: RetryPolicy, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.retryable || tries >= policy.retries) throw error;
      await delay(waitMs(policy, tries, error.retryAfterMs), undefined, { signal }).catch(() => {
        // Ended early by the signal, whose reason is thrown in place of delay()'s own error.
      });
      signal?.throwIfAborted();
    }
  }
}

/** Up to a tenth more than due, so that many clients that failed together do not come back together. */
function waitMs(policy: RetryPolicy, tries: number, askedMs: number | undefined): number {
  const due = Math.min(MAX_DELAY_MS, askedMs ?? policy.delayMs * 2 ** tries);
  return due * (1 + Math.random() / 10);
}

/** Milliseconds a `Retry-After` header asks for: seconds or a date. @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
