import { fstatSync, writeSync } from 'node:fs';
import { hasCode } from '../errors.js';

/** The two streams of a command. Everything tsbuild shows goes through here; nothing else writes to them. */
export interface Terminal {
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
}

/** Nobody reads standard output or error any more. */
export class OutputClosedError extends Error {}

/**
 * The process's own standard output and error, written to at once: nothing is lost at exit, and Node's streams, which cost a few
 * milliseconds of a start, are not loaded.
 *
 * @throws {OutputClosedError} the other end of the pipe is closed
 */
export const processTerminal: Terminal = {
  out: (text) => writeAll(1, text),
  err: (text) => writeAll(2, text),
};

/** Whether somebody looks at standard output, rather than a program. */
export function isOutputShown(): boolean {
  return fstatSync(1).isCharacterDevice();
}

const RETRY_MS = 2;

function writeAll(fd: number, text: string | Uint8Array): void {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      const written = writeSync(fd, rest);
      if (written === rest.length) return;
      rest = rest.subarray(written);
    } catch (error) {
      if (hasCode(error, 'EPIPE')) throw new OutputClosedError('Nobody reads the output', { cause: error });
      // Somebody we share the pipe with has made it non-blocking, and it is full: wait for its reader.
      if (!hasCode(error, 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
