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
  const texts = listFiles(places, systemDirectories).flatMap((file) => readIfThere(file.path, file.required, concerning));
  if (!texts.some(({ keys }) => concerning.some((key) => keys.has(key)))) return {};
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
    'dns_servers',
    'dns_options',
    'dns_searches',
    'no_hosts',
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

interface ReadFile {
  readonly path: string;
  readonly text: string;
  /** The words before a `=` at the beginning of a line. */
  readonly keys: ReadonlySet<string>;
}

function readIfThere(path: string, required: boolean, concerning: readonly string[]): readonly ReadFile[] {
  try {
    const text = readFileSync(path, 'utf8');
    const keys = keysOf(text);
    if (!keys.has(CAPABILITIES) || !concerning.includes(CAPABILITIES)) return [{ path, text, keys }];
    const shorter = withoutUsual(text);
    if (shorter !== text) keys.delete(CAPABILITIES);
    return [{ path, text: shorter, keys }];
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

/**
 * The text without the list of capabilities that distributions ship: it would have every build parse the file to learn what it knows. What
 * stays in its place are empty lines, so that mistakes are told with their lines.
 */
function withoutUsual(text: string): string {
  return text.replace(/^default_capabilities\s*=\s*\[([\w",\s]*)\]/m, (list, words: string) => {
    const names = (words.match(/\w+/g) ?? []).map((word) => `CAP_${word}`).sort();
    return names.join() === USUAL_CAPABILITIES.join() ? '\n'.repeat(list.split('\n').length - 1) : list;
  });
}
