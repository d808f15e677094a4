import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { type ContainersConf, mergeContainersConf, type TomlTable, USUAL_CAPABILITIES } from './containers-conf.js';
import { readVariable } from './environment.js';
import { SettingsError } from './errors.js';
import type { Settings } from './settings.js';

type Places = Pick<Settings, 'configHome' | 'environment' | 'rootless'>;

const SYSTEM_DIRECTORIES = ['/usr/share/containers', '/etc/containers'];

/**
 * Read containers.conf: the system's and the user's with their drop-ins, or the one that $CONTAINERS_CONF names; then that of
 * $CONTAINERS_CONF_OVERRIDE.
 *
 * @param concerning the keys the caller asks for; when no file has one of them, nothing is parsed
 * @throws {SettingsError} a named file is missing, or a file is not TOML or says something impossible
 * @see containers.conf(5)
 */
export async function readContainersConf(
  places: Places,
  concerning: readonly string[] = ALL_KEYS,
  systemDirectories: readonly string[] = SYSTEM_DIRECTORIES,
): Promise<ContainersConf> {
  let files = READ.get(places);
  if (files === undefined) {
    files = new ConfigurationFiles(listFiles(places, systemDirectories).flatMap((file) => readIfThere(file.path, file.required)));
    READ.set(places, files);
  }
  return files.mention(concerning) ? files.merged() : {};
}

/** What was read for whom: a command has one value for its settings, and reads the files once. */
const READ = new WeakMap<Places, ConfigurationFiles>();

interface ReadFile {
  readonly path: string;
  readonly text: string;
  /** The words before a `=` at the beginning of a line. */
  readonly keys: ReadonlySet<string>;
}

class ConfigurationFiles {
  #merged: Promise<ContainersConf> | undefined;
  readonly #mentioned = new Map<string, boolean>();

  constructor(private readonly files: readonly ReadFile[]) {}

  /** Whether they may say something of one of the keys. */
  mention(keys: readonly string[]): boolean {
    return keys.some((key) => {
      const known = this.#mentioned.get(key) ?? this.files.some((file) => mentions(file, key));
      this.#mentioned.set(key, known);
      return known;
    });
  }

  merged(): Promise<ContainersConf> {
    this.#merged ??= parseFiles(this.files);
    return this.#merged;
  }
}

function mentions({ text, keys }: ReadFile, key: string): boolean {
  if (key === CAPABILITIES) return keys.has(key) && !isUsualList(text);
  return keys.has(key) || (key === 'runtimes' && text.includes(RUNTIMES) && RUNTIME.test(text));
}

async function parseFiles(texts: readonly ReadFile[]): Promise<ContainersConf> {
  // Loaded here, because most machines have no such file, or one that says nothing of building.
  const { parse, TomlError } = await import('smol-toml');
  const documents = texts.map(({ path, text }): { path: string; document: TomlTable } => {
    try {
      return { path, document: parse(text) };
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      throw new SettingsError(path, error.message.split('\n')[0] ?? 'it is not TOML', error.line, { cause: error });
    }
  });
  return mergeContainersConf(documents);
}

const ALL_KEYS = [
  ...['default_capabilities', 'default_ulimits', 'devices', 'volumes', 'env', 'http_proxy', 'seccomp_profile', 'shm_size', 'netns'],
  ...[
    'default_sysctls',
    'dns_servers',
    'dns_options',
    'dns_searches',
    'no_hosts',
    'base_hosts_file',
    'host_containers_internal_ip',
    'container_name_as_hostname',
    'default_rootless_network_cmd',
    'pasta_options',
    'helper_binaries_dir',
    'runtime',
    'runtimes',
    'add_compression',
    'image_parallel_copies',
    'cdi_spec_dirs',
    'compression_format',
    'compression_level',
    'retry',
    'retry_delay',
    'image_copy_tmp_dir',
    'hooks_dir',
  ],
];

interface ListedFile {
  readonly path: string;
  /** Named by the user. */
  readonly required: boolean;
}

function listFiles({ configHome, environment, rootless }: Places, systemDirectories: readonly string[]): readonly ListedFile[] {
  const named = (name: string): readonly ListedFile[] => {
    const path = readVariable(environment, name);
    return path === undefined ? [] : [{ path, required: true }];
  };
  const only = named('CONTAINERS_CONF');
  const override = named('CONTAINERS_CONF_OVERRIDE');
  if (only.length > 0) return [...only, ...override];
  const own = rootless && configHome !== undefined ? [join(configHome, 'containers')] : [];
  const found = [...systemDirectories, ...own].flatMap((directory) => [
    join(directory, 'containers.conf'),
    ...listDropIns(join(directory, 'containers.conf.d')),
  ]);
  return [...found.map((path) => ({ path, required: false })), ...override];
}

/** In the order of their names, the last wins. */
function listDropIns(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.conf'));
    return names.sort().map((name) => join(directory, name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return [];
    throw new SettingsError(directory, 'the directory cannot be listed', undefined, { cause: error });
  }
}

function readIfThere(path: string, required: boolean): readonly ReadFile[] {
  try {
    const text = readFileSync(path, 'utf8');
    return [{ path, text, keys: keysOf(text) }];
  } catch (error) {
    if (!required && ['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return [];
    const problem = hasCode(error, 'ENOENT') ? 'no such file' : 'the file cannot be read';
    throw new SettingsError(path, problem, undefined, { cause: error });
  }
}

function keysOf(text: string): Set<string> {
  return new Set((text.match(/^[ \t]*[\w-]+[ \t]*=/gm) ?? []).map((beginning) => beginning.slice(0, -1).trim()));
}

const CAPABILITIES = 'default_capabilities';

/** Distributions ship this heading without a key. */
const RUNTIMES = '[engine.runtimes]';
const RUNTIME = /^[ \t]*\[engine\.runtimes\][^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*["\w]/m;

/** The list of capabilities that distributions ship: because of it every build would parse the file to learn what it knows. */
function isUsualList(text: string): boolean {
  const [, words = ''] = /^default_capabilities\s*=\s*\[([\w",\s]*)\]/m.exec(text) ?? [];
  const names = (words.match(/\w+/g) ?? []).map((word) => `CAP_${word}`).sort();
  return names.join() === USUAL_CAPABILITIES.join();
}
