import { SettingsError } from './errors.js';

/** What containers.conf says of building; what no file says is undefined. */
export interface ContainersConf {
  /** `CAP_CHOWN`, ...: those of commands. Undefined also where a file names just the usual ones. */
  readonly capabilities?: readonly string[] | undefined;
  readonly limits?: readonly string[] | undefined;
  readonly devices?: readonly string[] | undefined;
  readonly volumes?: readonly string[] | undefined;
  /** `NAME=VALUE`, of commands; those of the image go before. */
  readonly env?: readonly string[] | undefined;
  readonly httpProxy?: boolean | undefined;
  readonly seccompProfile?: string | undefined;
  readonly shmSize?: string | undefined;
  /** `NAME=VALUE`. */
  readonly sysctls?: readonly string[] | undefined;
  readonly dnsServers?: readonly string[] | undefined;
  readonly dnsOptions?: readonly string[] | undefined;
  readonly dnsSearches?: readonly string[] | undefined;
  readonly noHosts?: boolean | undefined;
  /** What /etc/hosts of commands holds in place of the host's lines: a path, `none`, or `image`. */
  readonly baseHostsFile?: string | undefined;
  /** Where commands find this machine, by `host.containers.internal`; `none`: by no name. */
  readonly hostAddress?: string | undefined;
  /** The host name in a working container is its name, and not its ID. */
  readonly nameAsHostname?: boolean | undefined;
  /** `netns`. */
  readonly network?: string | undefined;
  /** `default_rootless_network_cmd`: the helper that is tried first. */
  readonly networkHelper?: string | undefined;
  /** Of pasta, before those of a flag. */
  readonly pastaOptions?: readonly string[] | undefined;
  /** Where helpers are looked for before PATH. */
  readonly helperDirs?: readonly string[] | undefined;
  /** The one of `--isolation oci`. */
  readonly runtime?: string | undefined;
  /** Of the table `runtimes`: the paths that a runtime's name stands for. */
  readonly runtimes?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly addCompression?: readonly string[] | undefined;
  /** Of layers from and to a registry, at most so many at once. */
  readonly parallelCopies?: number | undefined;
  readonly compressionFormat?: string | undefined;
  readonly compressionLevel?: number | undefined;
  readonly retries?: number | undefined;
  /** Go duration. */
  readonly retryDelay?: string | undefined;
  readonly tmpDir?: string | undefined;
  readonly cdiSpecDirs?: readonly string[] | undefined;
  readonly hooksDirs?: readonly string[] | undefined;
  /** `NAME=VALUE`, for tsbuild itself; variables that are set go before. */
  readonly engineEnv?: readonly string[] | undefined;
}

export type TomlTable = Readonly<Record<string, unknown>>;

/** Containers-common's own, which distributions write into the file they ship: saying so again says nothing. */
export const USUAL_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** One file's keys by `table.key`; arrays that end in `{append = true}` say so. */
interface Entry {
  readonly path: string;
  readonly value: unknown;
}

/**
 * What several files say together, the later ones first: a key of a later file replaces that of an earlier one, but an array that ends in
 * `{append = true}` is added to it.
 *
 * @throws {SettingsError} a key that tsbuild reads has a value of another type
 * @see https://github.com/containers/common/blob/main/docs/containers.conf.5.md
 */
export function mergeContainersConf(documents: readonly { readonly path: string; readonly document: TomlTable }[]): ContainersConf {
  const reader = new KeyReader(documents);
  const capabilities = reader.texts('containers', 'default_capabilities')?.map(capabilityName).sort();
  return {
    capabilities: isUsual(capabilities) ? undefined : capabilities,
    limits: reader.texts('containers', 'default_ulimits'),
    devices: reader.texts('containers', 'devices'),
    volumes: reader.texts('containers', 'volumes'),
    env: reader.texts('containers', 'env'),
    httpProxy: reader.boolean('containers', 'http_proxy'),
    seccompProfile: reader.text('containers', 'seccomp_profile'),
    shmSize: reader.text('containers', 'shm_size'),
    sysctls: reader.texts('containers', 'default_sysctls'),
    dnsServers: reader.texts('containers', 'dns_servers'),
    dnsOptions: reader.texts('containers', 'dns_options'),
    dnsSearches: reader.texts('containers', 'dns_searches'),
    noHosts: reader.boolean('containers', 'no_hosts'),
    baseHostsFile: reader.text('containers', 'base_hosts_file'),
    hostAddress: reader.text('containers', 'host_containers_internal_ip'),
    nameAsHostname: reader.boolean('containers', 'container_name_as_hostname'),
    network: reader.text('containers', 'netns'),
    networkHelper: reader.text('network', 'default_rootless_network_cmd'),
    pastaOptions: reader.texts('network', 'pasta_options'),
    helperDirs: reader.texts('engine', 'helper_binaries_dir'),
    runtime: reader.text('engine', 'runtime'),
    runtimes: reader.lists('engine', 'runtimes'),
    addCompression: reader.texts('engine', 'add_compression'),
    parallelCopies: reader.wholeNumber('engine', 'image_parallel_copies'),
    compressionFormat: reader.text('engine', 'compression_format'),
    compressionLevel: reader.wholeNumber('engine', 'compression_level'),
    retries: reader.wholeNumber('engine', 'retry'),
    retryDelay: reader.text('engine', 'retry_delay'),
    tmpDir: reader.text('engine', 'image_copy_tmp_dir'),
    cdiSpecDirs: reader.texts('engine', 'cdi_spec_dirs'),
    hooksDirs: reader.texts('engine', 'hooks_dir'),
    engineEnv: reader.texts('engine', 'env'),
  };
}

/** `CHOWN` and `cap_chown` are CAP_CHOWN. */
function capabilityName(word: string): string {
  const upper = word.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function isUsual(capabilities: readonly string[] | undefined): boolean {
  return capabilities !== undefined && capabilities.join() === USUAL_CAPABILITIES.join();
}

class KeyReader {
  constructor(private readonly documents: readonly { readonly path: string; readonly document: TomlTable }[]) {}

  text(table: string, key: string): string | undefined {
    const value = this.last(table, key, 'a text', (value) => typeof value === 'string');
    return value === '' ? undefined : (value as string | undefined);
  }

  boolean(table: string, key: string): boolean | undefined {
    return this.last(table, key, 'true or false', (value) => typeof value === 'boolean') as boolean | undefined;
  }

  wholeNumber(table: string, key: string): number | undefined {
    return this.last(table, key, 'a whole number', (value) => Number.isSafeInteger(value) && Number(value) >= 0) as number | undefined;
  }

  /** A table of lists; the entries of later files replace those of the same name. */
  lists(table: string, key: string): Readonly<Record<string, readonly string[]>> | undefined {
    const entries = this.entries(table, key).flatMap(({ path, value }) => {
      if (!isTable(value)) throw wrongType(path, table, key, 'a table of lists');
      return Object.entries(value).map(([name, words]) => {
        if (!Array.isArray(words) || !words.every((word) => typeof word === 'string'))
          throw wrongType(path, table, key, 'a table of lists');
        return [name, words as readonly string[]] as const;
      });
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }

  texts(table: string, key: string): readonly string[] | undefined {
    let texts: readonly string[] | undefined;
    for (const { path, value } of this.entries(table, key)) {
      if (!Array.isArray(value)) throw wrongType(path, table, key, 'a list of texts');
      const last: unknown = value.at(-1);
      const isAppending = isTable(last) && last.append === true;
      const words: readonly unknown[] = isTable(last) ? value.slice(0, -1) : value;
      if (!words.every((word) => typeof word === 'string')) throw wrongType(path, table, key, 'a list of texts');
      texts = [...(isAppending ? (texts ?? []) : []), ...(words as readonly string[])];
    }
    return texts;
  }

  private last(table: string, key: string, type: string, fits: (value: unknown) => boolean): unknown {
    const entry = this.entries(table, key).at(-1);
    if (entry !== undefined && !fits(entry.value)) throw wrongType(entry.path, table, key, type);
    return entry?.value;
  }

  private entries(table: string, key: string): readonly Entry[] {
    return this.documents.flatMap(({ path, document }) => {
      const values = document[table];
      if (values === undefined) return [];
      if (!isTable(values)) throw new SettingsError(path, `"${table}" is not a table`);
      return Object.hasOwn(values, key) ? [{ path, value: values[key] }] : [];
    });
  }
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wrongType(path: string, table: string, key: string, type: string): SettingsError {
  return new SettingsError(path, `"${table}.${key}" is not ${type}`);
}
