import { hasCode } from '../errors.js';
import { SettingsError } from './errors.js';

export interface HelperAnswer {
  readonly program: string;
  /** Null when it ended well. */
  readonly error: Error | null;
  readonly stdout: string;
}

/**
 * Run `docker-credential-NAME`.
 *
 * @throws {SettingsError} NAME is not the name of a program
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askHelperProgram(name: string, verb: 'get' | 'store' | 'erase', input: string): Promise<HelperAnswer> {
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) throw new SettingsError('credential helper', `"${name}" is not the name of a program`);
  const program = `docker-credential-${name}`;
  // Loaded here, because helpers are rare and this door is on the way of every command.
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    const limits = { timeout: 60_000, maxBuffer: 1 << 20 };
    const child = execFile(program, [verb], limits, (error, stdout) => resolve({ program, error, stdout }));
    child.stdin?.on('error', () => {
      // A helper that ends without reading its input breaks the pipe; how it ended is reported by the callback.
    });
    child.stdin?.end(input);
  });
}

export function helperError(program: string, server: string, cause: Error): SettingsError {
  const problem = hasCode(cause, 'ENOENT') ? 'no such program in PATH' : `it failed for "${server}"`;
  return new SettingsError(program, problem, undefined, { cause });
}
