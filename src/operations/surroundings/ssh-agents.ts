import { statSync } from 'node:fs';
import type { SshAgent } from '../../builder/steps/index.js';
import { UsageError } from '../../errors.js';
import type { KeyAgent } from './ssh-keys.js';

type AgentSource = { readonly socket: string } | { readonly keys: readonly string[] };

export interface SshAgentsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runRoot: string;
}

/** The agents of `--ssh`, opened as commands ask for them. */
export interface SshAgents {
  open(id: string): Promise<SshAgent | undefined>;
  /** Ends the agents that hold keys. */
  close(): Promise<void>;
}

/**
 * `--ssh default|ID[=SOCKET|KEY[,KEY...]]`: each flag by itself, an ID alone is the user's own agent.
 *
 * @throws {UsageError} a flag of another form, a socket or key that is not there, no agent of the user's own
 */
export function readSshFlags(flags: readonly string[], options: SshAgentsOptions): SshAgents {
  const sources = new Map(flags.map((flag) => parseSsh(flag, options.environment)));
  const holders = new Map<string, Promise<KeyAgent>>();
  const holderOf = async (id: string, keys: readonly string[]): Promise<KeyAgent> => {
    const { startKeyAgent } = await import('./ssh-keys.js');
    return startKeyAgent({ id, files: keys, runRoot: options.runRoot, searchPath: options.environment.PATH });
  };
  return {
    async open(id) {
      const source = sources.get(id);
      if (source === undefined) return undefined;
      const { openSshAgentProxy } = await import('./ssh-agent-proxy.js');
      if ('socket' in source) return openSshAgentProxy(source.socket, options.runRoot);
      const holder = holders.get(id) ?? holderOf(id, source.keys);
      holders.set(id, holder);
      return openSshAgentProxy((await holder).path, options.runRoot);
    },
    async close() {
      for (const [, holder] of holders) (await holder.catch(() => undefined))?.close();
      holders.clear();
    },
  };
}

function parseSsh(flag: string, environment: Readonly<Record<string, string | undefined>>): [string, AgentSource] {
  const equals = flag.indexOf('=');
  const id = equals < 0 ? flag : flag.slice(0, equals);
  const paths = equals < 0 ? [] : flag.slice(equals + 1).split(',');
  if (id === '' || paths.includes(''))
    throw new UsageError(`incorrect ssh flag format: ${JSON.stringify(flag)}, should be --ssh default|id[=socket|key[,key]]`);
  if (paths.length === 0) return [id, { socket: ownAgent(id, environment) }];
  const sockets = paths.filter((path) => isSocket(id, path));
  if (sockets.length === 0) return [id, { keys: paths }];
  if (paths.length > 1) throw new UsageError(`ssh "${id}": give one socket, or keys, not both`);
  return [id, { socket: paths[0]! }];
}

function ownAgent(id: string, environment: Readonly<Record<string, string | undefined>>): string {
  const socket = environment.SSH_AUTH_SOCK;
  if (socket === undefined || socket === '') {
    throw new UsageError(`ssh "${id}": invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`);
  }
  return socket;
}

function isSocket(id: string, path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`ssh "${id}": ${JSON.stringify(path)} does not exist`);
  return stat.isSocket();
}
