import { constants } from 'node:os';
import { hasCode, UsageError } from '../errors.js';
import type { Services } from './context.js';

export interface UnshareOptions {
  readonly command: readonly string[];
  /** `CONTAINER` or `VARIABLE=CONTAINER`: mounted while the command runs; the variable, else one of the container's name, says where. */
  readonly mounts: readonly string[];
}

/**
 * Runs a command as it is, in the namespaces this process is in: the launcher has mapped the ids already.
 * @throws {UsageError} there is no such program
 */
export async function unshare(options: UnshareOptions, services: Services): Promise<{ readonly exitCode: number }> {
  const [program, ...args] = options.command;
  if (program === undefined) throw new UsageError('command must be specified');
  if (options.mounts.length === 0) return start(program, args, {}, services);
  const { mountContainer, umountContainer } = await import('./mount.js');
  const mounted: string[] = [];
  const places: Record<string, string> = {};
  try {
    for (const text of options.mounts.flatMap((list) => list.split(','))) {
      const equals = text.indexOf('=');
      const container = text.slice(equals + 1);
      const { mountPoint, id } = await mountContainer(container, services);
      mounted.push(id);
      places[equals === -1 ? container : text.slice(0, equals)] = mountPoint;
    }
    return await start(program, args, places, services);
  } finally {
    for (const id of mounted) await umountContainer(id, services);
  }
}

async function start(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  { settings }: Services,
): Promise<{ readonly exitCode: number }> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...settings.environment, ...variables } });
    child.on('error', (error) => reject(hasCode(error, 'ENOENT') ? new UsageError(`${program}: no such file or directory`) : error));
    child.on('exit', (code, signal) => resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }));
  });
}
