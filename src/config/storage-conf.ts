import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readVariable } from './environment.js';
import { SettingsError } from './errors.js';
import type { GlobalFlags, Settings } from './settings.js';

/** What storage.conf says of the store, as the flags that would say so. */
export type StorageConf = Pick<GlobalFlags, 'root' | 'runroot' | 'storage-driver'>;

/**
 * The storage.conf that $CONTAINERS_STORAGE_CONF names. tsbuild's store is of another layout than containers/storage's, so it is a directory of
 * its own below each root that is named there; system-wide files, which describe Podman's store, are not read.
 *
 * @throws {SettingsError} the file is missing, is not TOML, or says something impossible
 * @see https://github.com/containers/storage/blob/main/docs/containers-storage.conf.5.md
 */
export async function readStorageConf({ environment, rootless }: Pick<Settings, 'environment' | 'rootless'>): Promise<StorageConf> {
  const path = readVariable(environment, 'CONTAINERS_STORAGE_CONF');
  if (path === undefined) return {};
  const { storage = {} } = await parseFile(path);
  if (typeof storage !== 'object' || storage === null) throw new SettingsError(path, '"storage" is not a table');
  const table = storage as Readonly<Record<string, unknown>>;
  const text = (key: string): string | undefined => {
    const value = table[key];
    if (value !== undefined && typeof value !== 'string') throw new SettingsError(path, `"storage.${key}" is not a text`);
    return value === undefined || value === '' ? undefined : expand(value, environment);
  };
  const ownRoot = rootless ? (text('rootless_storage_path') ?? text('graphroot')) : text('graphroot');
  const runRoot = text('runroot');
  const driver = text('driver');
  return {
    ...(ownRoot === undefined ? {} : { root: join(ownRoot, 'tsbuild') }),
    ...(runRoot === undefined ? {} : { runroot: join(runRoot, 'tsbuild') }),
    ...(driver === undefined || readVariable(environment, 'STORAGE_DRIVER') !== undefined ? {} : { 'storage-driver': driver }),
  };
}

async function parseFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(path, 'the file of $CONTAINERS_STORAGE_CONF cannot be read', undefined, { cause: error });
  }
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new SettingsError(path, error.message.split('\n')[0] ?? 'it is not TOML', error.line, { cause: error });
  }
}

/** `$HOME`, `$UID` and the like in a path. */
function expand(value: string, environment: Settings['environment']): string {
  return value.replace(/\$\{?(\w+)\}?/g, (_, name: string) => {
    return name === 'UID' ? String(process.getuid?.() ?? 0) : (environment[name] ?? '');
  });
}
