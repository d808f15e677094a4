import { spawn } from 'node:child_process';
import { hasCode, UnsupportedFeatureError } from '../errors.js';
import type { ProxyOptions } from '../registry/index.js';
import { GitFailedError } from './errors.js';

/** What git may use. Nothing else of the user's surroundings reaches it: no configuration, no hooks, no helpers, no prompts. */
export interface GitAccess {
  readonly searchPath: string | undefined;
  /** An empty directory. */
  readonly home: string;
  readonly proxies: ProxyOptions;
  /** `Authorization` headers, each for the servers whose URLs begin with `scope`. */
  readonly headers: readonly { readonly scope: string; readonly value: string }[];
  /** PEM file of the authorities that may vouch for servers; undefined: the system's. */
  readonly authorities: string | undefined;
  /** Socket of an agent for ssh; undefined: there is none, and ssh fails without asking. */
  readonly sshAgent: string | undefined;
  /** Files of host keys that are known: no other host is spoken to by ssh. */
  readonly knownHosts: readonly string[];
  /** No file that is fetched may be larger. */
  readonly maxFileBytes: number;
}

const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const MAX_COMPLAINT = 64 * 1024;
/** A transfer slower than this for a minute has died. */
const MIN_BYTES_PER_SECOND = 100;
const BLOCK_BYTES = 512; // POSIX `ulimit -f`

/** git, kept apart from everything on this machine and in the repository that could make it run something. */
export class Git {
  readonly #environment: Readonly<Record<string, string>>;

  constructor(readonly access: GitAccess) {
    this.#environment = environmentOf(access);
  }

  /**
   * Runs one command of git to its end. An abort ends it and every program it started.
   *
   * @param action for messages: `read the repository https://host/path.git`
   * @returns its standard output
   * @throws {GitFailedError} with what git said
   */
  async run(args: readonly string[], { action, cwd, signal }: GitRun): Promise<string> {
    signal.throwIfAborted();
    const blocks = Math.ceil(this.access.maxFileBytes / BLOCK_BYTES);
    // Modes of what is checked out do not depend on the user's umask; and a file that never ends does not fill the disk.
    const script = `umask 022; ulimit -f ${blocks}; exec git "$@"`;
    const child = spawn('/bin/sh', ['-c', script, 'git', ...args], {
      cwd: cwd ?? this.access.home,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a group of its own, so that its helpers can be ended too.
      detached: true,
    });
    const end = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (!hasCode(error, 'ESRCH')) throw error;
      }
    };
    signal.addEventListener('abort', end, { once: true });
    let isTooLong = false;
    const output = gather(child.stdout, MAX_OUTPUT_BYTES, () => {
      isTooLong = true;
      end();
    });
    const complaint = gather(child.stderr, MAX_COMPLAINT, () => {});
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      signal.throwIfAborted();
      if (isTooLong) throw new GitFailedError(action, 'the server lists too much');
      if (code === 0) return output();
      if (code === 127)
        throw new UnsupportedFeatureError(`Cannot ${action}: the program "git" is not installed`, {
          hint: 'Install it: apt-get install git',
        });
      throw new GitFailedError(action, reasonIn(complaint(), code), { hint: hintFor(complaint()) });
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}

export interface GitRun {
  readonly action: string;
  readonly cwd?: string;
  readonly signal: AbortSignal;
}

function environmentOf(access: GitAccess): Readonly<Record<string, string>> {
  const { http, https, except } = access.proxies;
  const config: readonly (readonly [string, string])[] = [
    // What runs programs, or reads more than the repository.
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['core.askPass', ''],
    ['core.attributesFile', '/dev/null'],
    ['core.excludesFile', '/dev/null'],
    ['credential.helper', ''],
    ['init.templateDir', ''],
    ['submodule.recurse', 'false'],
    ['transfer.bundleURI', 'false'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    // What is the same on every machine.
    ['core.autocrlf', 'false'],
    ['init.defaultBranch', 'master'],
    ['protocol.version', '2'],
    ['advice.detachedHead', 'false'],
    // Directories of this build belong to this user, whatever the mapping of ids makes git believe.
    ['safe.directory', '*'],
    ['http.lowSpeedLimit', String(MIN_BYTES_PER_SECOND)],
    ['http.lowSpeedTime', '60'],
    ...access.headers.map(({ scope, value }) => [`http.${scope}.extraHeader`, `Authorization: ${value}`] as const),
  ];
  return {
    PATH: access.searchPath ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: access.home,
    XDG_CONFIG_HOME: access.home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TEMPLATE_DIR: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    // Also for submodules: no local paths, no ext::, no other helpers.
    GIT_ALLOW_PROTOCOL: 'http:https:ssh:git',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_SSH_COMMAND: sshCommand(access),
    GIT_SSH_VARIANT: 'ssh',
    ...(access.sshAgent === undefined ? {} : { SSH_AUTH_SOCK: access.sshAgent }),
    ...(access.authorities === undefined ? {} : { GIT_SSL_CAINFO: access.authorities }),
    ...(http === undefined ? {} : { http_proxy: http }),
    ...(https === undefined ? {} : { https_proxy: https }),
    ...(except === undefined ? {} : { no_proxy: except }),
    // Not as arguments, which every user of the machine may read.
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([name, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, name],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
}

function sshCommand({ knownHosts }: GitAccess): string {
  // ssh reads a list of quoted names, where a percent sign is written twice.
  const known = knownHosts.map((file) => `"${file.replaceAll('%', '%%')}"`).join(' ');
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=15',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${known === '' ? '/dev/null' : known}`,
    // The agent's keys alone: a Containerfile is not to make use of a key because it lies in its usual place.
    'IdentityFile=none',
  ];
  return ['ssh -F /dev/null', ...options.map((option) => `-o ${shellQuoted(option)}`)].join(' ');
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Keeps the first bytes; says so, once, when there are more. */
function gather(stream: NodeJS.ReadableStream, maxBytes: number, onMore: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size > maxBytes) return;
    size += chunk.length;
    chunks.push(chunk);
    if (size > maxBytes) onMore();
  });
  return () => Buffer.concat(chunks).toString().slice(0, maxBytes);
}

/** Git's own sentence: the last line that says what is wrong. */
function reasonIn(complaint: string, code: number | null): string {
  const lines = complaint.split('\n').map((line) => line.trim());
  const told = lines.filter(
    (line) => /^(fatal|error|remote|ssh|Permission denied|Host key)\b/i.test(line) && !/^error: could not|rights$/i.test(line),
  );
  const line = told.find((text) => /^fatal: (?!Could not read from remote)/.test(text)) ?? told[0] ?? lines.find((text) => text !== '');
  return (
    line?.replace(/^(fatal|error|remote): */i, '').replace(/\.$/, '') ??
    (code === null ? 'git was killed' : `git ended with status ${code}`)
  );
}

function hintFor(complaint: string): string | undefined {
  if (/could not read Username|Authentication failed|terminal prompts disabled/i.test(complaint))
    return 'For a private repository give a token: --secret id=GIT_AUTH_TOKEN,env=NAME';
  if (/Permission denied \(publickey/i.test(complaint)) return 'Give the key: --ssh default=KEYFILE, or --ssh default for your agent';
  if (/Host key verification failed/i.test(complaint)) return 'Add the key of the host to ~/.ssh/known_hosts: ssh-keyscan HOST';
  return /transport '?(file|ext|[a-z]+)'? not allowed/i.test(complaint) ? 'Allowed are http, https, ssh and git' : undefined;
}
