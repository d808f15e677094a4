import { closeSync, openSync } from 'node:fs';
import { type Child, nativeFile, pipe, spawn } from '../../sys/index.js';
import { parseStatus } from '../status.js';

const STATUS_FD = 3;

/**
 * Asks name servers a question from inside a network; any answer counts, also that there is no such name.
 *
 * @param network path of a network namespace, or `host`: the one of this process
 * @returns the place in `servers` of the first that answered; undefined: within `timeoutMs` none did
 * @throws the reason of `signal` after an abort
 */
export async function askNameServers(
  network: string,
  servers: readonly string[],
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<number | undefined> {
  signal.throwIfAborted();
  const status = pipe();
  const nowhere = openSync('/dev/null', 'r+');
  let child: Child;
  try {
    child = spawn({
      file: nativeFile('tsbuild-launch'),
      argv: ['tsbuild-launch', 'ask', String(STATUS_FD), network, String(timeoutMs), ...servers],
      env: [],
      stdio: [nowhere, nowhere, nowhere],
      fds: [{ fd: status.writeEnd, as: STATUS_FD }],
      collect: status.readEnd,
    });
  } catch (error) {
    closeSync(status.readEnd);
    throw error;
  } finally {
    closeSync(nowhere);
    closeSync(status.writeEnd);
  }
  const end = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  const { collected } = await child.exited;
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  const answered = parseStatus(collected).find((event) => event.event === 'answered');
  return answered === undefined || answered.server < 0 ? undefined : answered.server;
}
