import { constants } from 'node:os';
import { TsbuildError } from '../../errors.js';

/** The user, or the system, wants the command to stop. */
export class InterruptedError extends TsbuildError {
  readonly code = 'CANCELLED';
  constructor(readonly signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The status a shell gives to a process that a signal ended. */
export function signalStatus(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

/** How long an operation may take to put things in order. What it leaves undone the store's collector finds. */
const GRACE_MS = 3000;

/**
 * Runs `body` with an AbortSignal that the first SIGINT, SIGTERM or SIGHUP aborts, so that it can put things in order.
 * The second ends the process at once, and so does an operation that does not stop: the store is made to survive that.
 */
export async function withInterruption<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(signalStatus(signal));
    controller.abort(new InterruptedError(signal));
    setTimeout(() => process.exit(signalStatus(signal)), GRACE_MS).unref();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    return await body(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
