import { closeSync, constants, openSync, read, readFileSync, readSync } from 'node:fs';
import { hasCode } from '../../errors.js';
import { type Child, nativeFile, pipe, spawn } from '../../sys/index.js';
import { parseStatus, type StatusEvent } from '../status.js';
import { NetworkError } from './errors.js';
import type { HelperCommand } from './helpers.js';

/** A network namespace with a helper that connects it. */
export interface PrivateNetwork {
  /** Of the namespace, for as long as this is open. */
  readonly path: string;
  readonly helper: HelperCommand;
  /** The address the host answers at from inside; undefined: it does not. */
  readonly gateway: string | undefined;
  /** Ends the helper; resolves when it has gone. */
  close(): Promise<void>;
}

const STATUS_FD = 3;

/**
 * Resolves when the network can be used. The helper ends with this process, however that ends.
 *
 * @throws {NetworkError} the helper failed; its own words are in it. Nothing of it is left then
 * @throws the reason of `signal` after an abort
 */
export async function openPrivateNetwork(helper: HelperCommand, hostReachable: boolean, signal: AbortSignal): Promise<PrivateNetwork> {
  signal.throwIfAborted();
  const status = pipe();
  const output = pipe();
  // Nobody reads along what a helper says: with a full pipe it does without, and does not wait.
  const words = reopen(output.readEnd, constants.O_RDONLY);
  const mouth = reopen(output.writeEnd, constants.O_WRONLY);
  const none = openSync('/dev/null', 'r');
  let child: Child;
  try {
    child = spawn({
      file: nativeFile('tsbuild-launch'),
      argv: ['tsbuild-launch', 'network', String(STATUS_FD), String(process.pid), ...helper.argv],
      env: [],
      stdio: [none, mouth, mouth],
      fds: [{ fd: status.writeEnd, as: STATUS_FD }],
    });
  } catch (error) {
    closeSync(status.readEnd);
    closeSync(words);
    throw error;
  } finally {
    for (const fd of [none, status.writeEnd, mouth]) closeSync(fd);
  }
  const ours = [status.readEnd, words];
  const end = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const first = await firstEvent(status.readEnd);
  signal.removeEventListener('abort', end);
  if (first?.event !== 'ready' || signal.aborted) {
    end();
    await child.exited;
    const said = readWaiting(words);
    for (const fd of ours) closeSync(fd);
    signal.throwIfAborted();
    const problem = first?.event === 'failed' ? first.detail : '';
    throw new NetworkError(`${helper.name}: ${wordsOf(said) || problem || 'it ended without a word'}`);
  }
  const holder = first.pid;
  return {
    path: `/proc/${holder}/ns/net`,
    helper,
    gateway: hostReachable ? (helper.gateway ?? defaultGateway(holder)) : undefined,
    close: async () => {
      end();
      await child.exited;
      for (const fd of ours.splice(0)) closeSync(fd);
    },
  };
}

/** The end of a pipe as one that never waits, in place of the one given. */
function reopen(fd: number, access: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK);
  } finally {
    closeSync(fd);
  }
}

/** The first of its words tell why a helper fails. */
function readWaiting(fd: number): string {
  const buffer = Buffer.alloc(4096);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return '';
    throw error;
  }
}

/**
 * Undefined when it ended before there was one. A line is one write, and is read whole; by a thread that waits for it, since a stream's
 * modules take longer to load than a helper to start.
 */
function firstEvent(fd: number): Promise<StatusEvent | undefined> {
  const buffer = Buffer.alloc(4096);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, null, (error, size) => {
      if (error !== null) reject(error);
      else resolve([...parseStatus(buffer.subarray(0, size))][0]);
    });
  });
}

/** What pasta says when it cannot reach a system log is not about the network. */
function wordsOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/syslog/.test(line)).join('; ');
}

/** The gateway of IPv4 in a network namespace, by proc_net(5). */
function defaultGateway(pid: number): string | undefined {
  try {
    const rows = readFileSync(`/proc/${pid}/net/route`, 'utf8').split('\n').slice(1);
    const gateway = rows.map((row) => row.split('\t')).find(([, destination]) => destination === '00000000')?.[2];
    return gateway === undefined ? undefined : [...Buffer.from(gateway, 'hex')].reverse().join('.');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
