import { type AuthFile, listAuthFiles } from './auth-files.js';
import { type Directories, findDirectories } from './directories.js';
import { type Environment, readVariable } from './environment.js';
import { SettingsError } from './errors.js';
import { type Identity, readIdentity } from './identity.js';
import { type Proxies, readProxies, readProxyEnvironment } from './proxies.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Flags that every command accepts, before or after its name. */
export interface GlobalFlags {
  readonly root?: string | undefined;
  readonly runroot?: string | undefined;
  readonly 'log-level'?: LogLevel | undefined;
  readonly 'no-sync'?: boolean | undefined;
  readonly 'storage-driver'?: string | undefined;
  readonly 'storage-opt'?: readonly string[] | undefined;
  readonly 'short-name-alias-conf'?: string | undefined;
  readonly 'default-mounts-file'?: string | undefined;
  readonly 'registries-conf'?: string | undefined;
  readonly 'registries-conf-dir'?: string | undefined;
  /** Not global: of the commands that talk to registries. */
  readonly authfile?: string | undefined;
  readonly 'signature-policy'?: string | undefined;
}

/**
 * Everything tsbuild takes from its surroundings, read once at the start. Files that only some commands need (registries.conf,
 * credentials) are named here and read by `readRegistries` and `findCredentials`.
 */
export interface Settings extends Identity, Directories {
  readonly logLevel: LogLevel;
  /** A power failure may lose what was just built; for stores that do not outlive the machine. */
  readonly noSync: boolean;
  /** PEM files of certificate authorities trusted beside the system's. */
  readonly caFiles: readonly string[];
  readonly authFiles: readonly AuthFile[];
  /** `--registries-conf`, or $CONTAINERS_REGISTRIES_CONF: then this file alone is read, without drop-ins. */
  readonly registriesFile: string | undefined;
  readonly registriesDropInDir: string | undefined;
  readonly registriesOverrideFile: string | undefined;
  /** `--signature-policy`: then no other policy.json is read. */
  readonly policyFile: string | undefined;
  /** `--short-name-alias-conf`: a file of aliases beside those of registries.conf; left out: the one that Podman keeps. */
  readonly shortNameAliasFile: string | undefined;
  /** `--default-mounts-file`: the mounts.conf that is read, and no other. */
  readonly mountsFile: string | undefined;
  readonly proxies: Proxies;
  /** Proxy variables a RUN inherits. */
  readonly proxyEnvironment: Readonly<Record<string, string>>;
  /** Manifest format of built images unless a flag says otherwise. */
  readonly format: 'oci' | 'docker';
  /** Whether each instruction makes a layer and may come from the cache, unless a flag says otherwise. */
  readonly layers: boolean;
  /** Whether commands on working containers add to the history, unless a flag says otherwise. */
  readonly addHistory: boolean;
  readonly isolation: 'native' | 'oci' | 'rootless' | 'chroot' | undefined;
  /** `TSBUILD_NETWORK`: as `--network` has it, unless a flag or the container says otherwise. */
  readonly network: string | undefined;
  /** The OCI runtime that runs commands unless a flag names another; undefined: none, the sandbox does. */
  readonly runtime: string | undefined;
  /** How root file systems are made; undefined: as the store allows. */
  readonly storageDriver: 'overlay' | 'vfs' | undefined;
  /** As given; the store has no use for any of containers/storage's. */
  readonly storageOptions: readonly string[];
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number | undefined;
  readonly colour: boolean;
  /** The user's shell, for `unshare` without a command. */
  readonly shell: string;
  /** All variables, for the few features defined on them: `--build-arg NAME`, `--env NAME`, the environment of `unshare`. */
  readonly environment: Environment;
}

/**
 * Read the settings. Nothing is created and no configuration file is opened.
 *
 * @param environment the process's variables, as the launcher left them
 * @throws {SettingsError} a variable or flag holds a value that cannot be meant
 */
export function readSettings(environment: Environment, flags: GlobalFlags = {}): Settings {
  const identity = readIdentity(environment, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
  const directories = findDirectories(environment, flags, identity);
  return {
    ...identity,
    ...directories,
    logLevel: flags['log-level'] ?? 'warn',
    noSync: flags['no-sync'] ?? false,
    caFiles: readCaFiles(environment),
    authFiles: listAuthFiles(environment, directories, identity.uid, flags.authfile),
    registriesFile: flags['registries-conf'] ?? readVariable(environment, 'CONTAINERS_REGISTRIES_CONF'),
    registriesDropInDir: flags['registries-conf-dir'],
    registriesOverrideFile: readVariable(environment, 'CONTAINERS_REGISTRIES_CONF_OVERRIDE'),
    policyFile: flags['signature-policy'],
    shortNameAliasFile: flags['short-name-alias-conf'],
    mountsFile: flags['default-mounts-file'],
    proxies: readProxies(environment),
    proxyEnvironment: readProxyEnvironment(environment),
    format: oneOf(environment, 'BUILDAH_FORMAT', ['oci', 'docker']) ?? 'oci',
    layers: readBoolean(environment, 'BUILDAH_LAYERS') ?? true,
    addHistory: readBoolean(environment, 'BUILDAH_HISTORY') ?? false,
    isolation: oneOf(environment, 'BUILDAH_ISOLATION', ['native', 'oci', 'rootless', 'chroot']),
    network: readVariable(environment, 'TSBUILD_NETWORK'),
    runtime: readVariable(environment, 'BUILDAH_RUNTIME'),
    storageDriver: readStorageDriver(environment, flags),
    storageOptions: flags['storage-opt'] ?? readVariable(environment, 'STORAGE_OPTS')?.split(',') ?? [],
    sourceDateEpoch: readEpoch(environment),
    // https://no-color.org: present and not empty
    colour: readVariable(environment, 'NO_COLOR') === undefined,
    shell: readVariable(environment, 'SHELL') ?? '/bin/sh',
    environment,
  };
}

/**
 * The launcher moves NODE_EXTRA_CA_CERTS out of Node's sight, because reading that file costs every start some milliseconds.
 * SSL_CERT_FILE is OpenSSL's and Go's name for the same wish.
 */
function readCaFiles(environment: Environment): readonly string[] {
  const names = ['TSBUILD_EXTRA_CA_CERTS', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];
  const files = names.map((name) => readVariable(environment, name)).filter((file) => file !== undefined);
  return [...new Set(files)];
}

function readEpoch(environment: Environment): number | undefined {
  const value = readVariable(environment, 'SOURCE_DATE_EPOCH');
  if (value === undefined) return undefined;
  if (!/^\d{1,12}$/.test(value)) throw new SettingsError('SOURCE_DATE_EPOCH', `"${value}" is not a number of seconds since 1970`);
  return Number(value);
}

function readBoolean(environment: Environment, name: string): boolean | undefined {
  const value = readVariable(environment, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === 'true' || value === '1') return true;
  // Buildah takes every other word for false, and scripts rely on BUILDAH_LAYERS=false only.
  return false;
}

function readStorageDriver(environment: Environment, { 'storage-driver': flag }: GlobalFlags): Settings['storageDriver'] {
  if (flag !== undefined) return storageDriverOf('--storage-driver', flag);
  return storageDriverOf('STORAGE_DRIVER', readVariable(environment, 'STORAGE_DRIVER'));
}

/**
 * The words are those of containers/storage; its further drivers are ways to store what here has one layout.
 *
 * @param origin where the word comes from
 */
function storageDriverOf(origin: string, word: string | undefined): Settings['storageDriver'] {
  switch (word) {
    case 'vfs':
      return 'vfs';
    case 'overlay':
    case 'overlay2':
      return 'overlay';
    case undefined:
    case '':
    case 'btrfs':
    case 'zfs':
      return undefined;
    default:
      throw new SettingsError(origin, `"${word}": driver not supported`, undefined, { hint: 'There are overlay and vfs' });
  }
}

function oneOf<T extends string>(environment: Environment, name: string, allowed: readonly T[]): T | undefined {
  const value = readVariable(environment, name);
  if (value === undefined) return undefined;
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw new SettingsError(name, `"${value}" is not one of ${allowed.join(', ')}`);
  return found;
}
