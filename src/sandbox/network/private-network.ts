import { closeSync, openSync, readFileSync } from 'node:fs';
import { hasCode } from '../../errors.js';
import { type Child, nativeFile, pipe, spawn } from '../../sys/index.js';
import { readEach } from '../read-each.js';
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
  const none = openSync('/dev/null', 'r');
  let child: Child;
  try {
    child = spawn({
      file: nativeFile('tsbuild-launch'),
      argv: ['tsbuild-launch', 'network', String(STATUS_FD), String(process.pid), ...helper.argv],
      env: [],
      stdio: [none, output.writeEnd, output.writeEnd],
      fds: [{ fd: status.writeEnd, as: STATUS_FD }],
    });
  } catch (error) {
    closeSync(status.readEnd);
    closeSync(output.readEnd);
    throw error;
  } finally {
    for (const fd of [none, status.writeEnd, output.writeEnd]) closeSync(fd);
  }
  let said = '';
  const spoken = readEach(output.readEnd, (bytes) => {
    // Its first words tell why it fails; more is only kept from filling the pipe.
    if (said.length < 4096) said += Buffer.from(bytes).toString();
  });
  const end = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const first = await firstEvent(status.readEnd);
  signal.removeEventListener('abort', end);
  if (first?.event !== 'ready' || signal.aborted) {
    end();
    await Promise.all([child.exited, spoken]);
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
      await Promise.all([child.exited, spoken]);
    },
  };
}

/** Undefined when it ended before there was one. */
function firstEvent(fd: number): Promise<StatusEvent | undefined> {
  return new Promise((resolve, reject) => {
    // A line is one write, and is read whole.
    readEach(fd, (chunk) => {
      for (const event of parseStatus(Buffer.from(chunk))) resolve(event);
    }).then(() => resolve(undefined), reject);
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
