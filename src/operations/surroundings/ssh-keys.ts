import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../../errors.js';

/** An agent that holds keys of files, until it is closed. */
export interface KeyAgent {
  /** Of its socket. */
  readonly path: string;
  close(): void;
}

export interface KeyAgentOptions {
  /** Of the agent, for messages. */
  readonly id: string;
  readonly files: readonly string[];
  readonly runRoot: string;
  /** Where OpenSSH's programs are looked for. */
  readonly searchPath: string | undefined;
}

// The shell waits for the end of its input, which comes with the end of this process however that ends, and takes the agent with it.
const SCRIPT = 'command -v ssh-agent ssh-add >/dev/null || exit 127; ssh-agent -D -a agent & cat >/dev/null; kill $!';

/**
 * Starts an ssh-agent with the keys of `files`.
 *
 * @throws {UsageError} OpenSSH is not installed, or a file is no key that can be read without a passphrase
 */
export async function startKeyAgent({ id, files, runRoot, searchPath }: KeyAgentOptions): Promise<KeyAgent> {
  mkdirSync(runRoot, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(runRoot, 'key-'));
  const held = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const env = searchPath === undefined ? {} : { PATH: searchPath };
  const shell = spawn('sh', ['-c', SCRIPT], { cwd: directory, env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const close = (): void => {
    shell.stdin?.end();
    closeSync(held);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await listening(shell, id);
    for (const file of files) await addKey(resolve(file), { id, directory, env });
    // By its directory's descriptor: the path of a socket may have 107 bytes only.
    return { path: `/proc/self/fd/${held}/agent`, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The agent prints where it listens once it does. */
async function listening(shell: ChildProcess, id: string): Promise<void> {
  const said = new Promise<boolean>((resolve) => shell.stdout?.once('data', () => resolve(true)));
  const ended = new Promise<boolean>((resolve) => {
    shell.once('exit', () => resolve(false));
    shell.once('error', () => resolve(false));
  });
  if (await Promise.race([said, ended])) return;
  throw new UsageError(`ssh "${id}": keys in files need the programs ssh-agent and ssh-add`, {
    hint: 'Install the package openssh-client',
  });
}

async function addKey(
  file: string,
  { id, directory, env }: { readonly id: string; readonly directory: string; readonly env: Readonly<Record<string, string>> },
): Promise<void> {
  try {
    const adding = promisify(execFile)('ssh-add', ['-q', file], {
      cwd: directory,
      env: { ...env, SSH_AUTH_SOCK: 'agent', SSH_ASKPASS_REQUIRE: 'never' },
    });
    // Nobody answers when it asks for a passphrase.
    adding.child.stdin?.end();
    await adding;
  } catch (error) {
    throw new UsageError(`ssh "${id}": cannot use the key ${JSON.stringify(file)}${reasonOf(error)}`, {
      cause: error,
      hint: 'A key with a passphrase belongs in an agent of your own: --ssh default takes the one of SSH_AUTH_SOCK',
    });
  }
}

function reasonOf(error: unknown): string {
  const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
  return stderr === '' ? '' : `: ${stderr.split('\n').at(-1)}`;
}
