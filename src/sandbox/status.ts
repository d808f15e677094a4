import { constants } from 'node:os';
import type { SandboxWarning } from './plan.js';

/** One line of the launcher's status descriptor. */
export type StatusEvent =
  | { readonly event: 'failed'; readonly stage: string; readonly errno: number; readonly path: string; readonly detail: string }
  | { readonly event: 'ready'; readonly pid: number }
  | { readonly event: 'answered'; readonly server: number }
  | { readonly event: 'warning'; readonly about: SandboxWarning }
  | { readonly event: 'exited'; readonly code: number }
  | { readonly event: 'signaled'; readonly signal: number };

/** Everything a launcher said, in order. Its lines are whole: each is one write, and it has ended when this is called. */
export function parseStatus(bytes: Buffer): StatusEvent[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StatusEvent);
}

/** The name of a signal by its number; real-time signals have none but their number. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `SIG${number}`;
}
