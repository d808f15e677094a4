import type { Child } from '../sys/index.js';

export interface RunOptions {
  /** Abort: SIGTERM to the command, after the grace time SIGKILL to everything inside. The promise then rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes as the command wrote them, in order within a stream. Only with `stdio: 'pipe'`. */
  readonly onOutput?: ((stream: 'stdout' | 'stderr', bytes: Uint8Array) => void) | undefined;
  /** Between SIGTERM and SIGKILL; default 1500. */
  readonly graceMs?: number;
}

/** Shorter than what an interrupted command may take in all, so that it still sees the end of the processes and clears up. */
const DEFAULT_GRACE_MS = 1500;

/** Carry out an abort; the answer takes the listener and the timer away again. */
export function endOnAbort(child: Child, { signal, graceMs = DEFAULT_GRACE_MS }: RunOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    child.kill('SIGTERM');
    // SIGUSR1 tells the launcher to kill all inside and still wait for it; killed itself, it could not see the end of them.
    timer = setTimeout(() => child.kill('SIGUSR1'), graceMs);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return () => {
    signal?.removeEventListener('abort', abort);
    clearTimeout(timer);
  };
}
