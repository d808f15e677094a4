import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hasCode } from '../errors.js';
import { SettingsError } from './errors.js';
import type { Registries, RegistryRule } from './registries.js';
import { parseRegistriesFile, type RegistriesFile } from './registries-file.js';
import type { Settings } from './settings.js';

type Places = Pick<
  Settings,
  | 'cacheHome'
  | 'configHome'
  | 'uid'
  | 'rootless'
  | 'registriesFile'
  | 'registriesDropInDir'
  | 'registriesOverrideFile'
  | 'shortNameAliasFile'
>;

/** The system's directories, searched after the user's own. */
const SYSTEM_DIRECTORIES = ['/etc/containers', '/usr/share/containers'];

/**
 * Read registries.conf and its drop-ins. Missing files count as empty; a file the user named must exist.
 *
 * @throws {SettingsError} a file cannot be read, is not TOML, or says something impossible; with the line
 * @see https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
 */
export async function readRegistries(places: Places, systemDirectories: readonly string[] = SYSTEM_DIRECTORIES): Promise<Registries> {
  // Loaded here, because most commands never come by.
  const { parse } = await import('smol-toml');
  const read = (path: string, required: boolean): RegistriesFile | undefined => {
    const text = readText(path, required);
    return text === undefined ? undefined : parseRegistriesFile(path, text, parse);
  };
  const parts = [...listFiles(places, systemDirectories), aliasFile(places)].map(({ path, required }) => read(path, required));
  return merge(parts.filter((part) => part !== undefined));
}

interface ListedFile {
  readonly path: string;
  readonly required: boolean;
}

function listFiles(places: Places, systemDirectories: readonly string[]): readonly ListedFile[] {
  const override = places.registriesOverrideFile === undefined ? [] : [{ path: places.registriesOverrideFile, required: true }];
  if (places.registriesFile !== undefined) {
    const dropIns = places.registriesDropInDir === undefined ? [] : listDropIns([places.registriesDropInDir]);
    return [{ path: places.registriesFile, required: true }, ...dropIns, ...override];
  }
  const own = places.configHome === undefined ? [] : [join(places.configHome, 'containers')];
  const directories = [...own, ...systemDirectories];
  const main = directories.map((directory) => join(directory, 'registries.conf')).find((path) => readText(path, false) !== undefined);
  const dropInDirs =
    places.registriesDropInDir === undefined
      ? directories.flatMap((directory) => dropInDirectories(directory, places))
      : [places.registriesDropInDir];
  return [...(main === undefined ? [] : [{ path: main, required: true }]), ...listDropIns(dropInDirs), ...override];
}

/** Where Podman remembers what a short name was taken for: of the same form, and its table `[aliases]` goes before all others. */
function aliasFile({ cacheHome, rootless, shortNameAliasFile }: Places): ListedFile {
  const directory = rootless && cacheHome !== undefined ? cacheHome : '/var/cache';
  return { path: shortNameAliasFile ?? join(directory, 'containers/short-name-aliases.conf'), required: false };
}

function dropInDirectories(directory: string, places: Places): readonly string[] {
  const specific = places.rootless
    ? [join(directory, 'registries.rootless.conf.d'), join(directory, 'registries.rootless.conf.d', String(places.uid))]
    : [join(directory, 'registries.rootful.conf.d')];
  return [join(directory, 'registries.conf.d'), ...specific];
}

/** Sorted by file name over all directories; of two files with one name the one in the earlier directory counts. */
function listDropIns(directories: readonly string[]): readonly ListedFile[] {
  const byName = new Map<string, string>();
  for (const path of directories.flatMap(listConfFiles)) {
    if (!byName.has(basename(path))) byName.set(basename(path), path);
  }
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => ({ path, required: true }));
}

function listConfFiles(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.conf'));
    return names.map((name) => join(directory, name));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw new SettingsError(directory, 'the directory cannot be listed', undefined, { cause: error });
  }
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR'))) return undefined;
    const problem = hasCode(error, 'ENOENT') ? 'no such file' : 'the file cannot be read';
    throw new SettingsError(path, problem, undefined, { cause: error });
  }
}

/** Later files win: a registry table by its prefix, an alias by its name, a scalar when it is set. */
function merge(parts: readonly RegistriesFile[]): Registries {
  const rules = new Map<string, RegistryRule>();
  const aliases = new Map<string, string>();
  for (const part of parts) {
    for (const rule of part.rules) rules.set(rule.prefix, rule);
    for (const [short, full] of part.aliases) aliases.set(short, full);
  }
  const last = <T>(pick: (part: RegistriesFile) => T | undefined): T | undefined =>
    parts.map(pick).findLast((value) => value !== undefined);
  return {
    files: parts.map((part) => part.path),
    searchRegistries: last((part) => part.searchRegistries) ?? [],
    shortNameMode: last((part) => part.shortNameMode) ?? 'permissive',
    credentialHelpers: last((part) => part.credentialHelpers) ?? [],
    rules: [...rules.values()],
    aliases,
  };
}
