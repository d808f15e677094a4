import { constants } from 'node:os';
import { hasCode, UsageError } from '../errors.js';
import type { Services } from './context.js';

/**
 * Runs a command as it is, in the namespaces this process is in: the launcher has mapped the ids already.
 * @throws {UsageError} there is no such program
 */
export async function unshare(
  options: { readonly command: readonly string[] },
  services: Services,
): Promise<{ readonly exitCode: number }> {
  const [program, ...args] = options.command;
  if (program === undefined) throw new UsageError('command must be specified');
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...services.settings.environment } });
    child.on('error', (error) => reject(hasCode(error, 'ENOENT') ? new UsageError(`${program}: no such file or directory`) : error));
    child.on('exit', (code, signal) => resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }));
  });
}
