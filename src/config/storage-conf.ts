import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { readVariable } from './environment.js';
import { SettingsError } from './errors.js';
import type { GlobalFlags, Settings } from './settings.js';

/** What storage.conf says of the store, as the flags that would say so. */
export type StorageConf = Pick<GlobalFlags, 'root' | 'runroot' | 'storage-driver'>;

const SYSTEM_FILES = ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf'];

/**
 * What storage.conf says. The file that $CONTAINERS_STORAGE_CONF names is meant for the builder that is called: its roots and its driver count, the store
 * being a directory of its own below each root, since its layout is another than containers/storage's. The user's file, or else the system's,
 * describes Podman's store: of it only the driver `vfs` counts, which says that overlays do not work here, and the table `[tsbuild]`, which goes
 * before the rest of either.
 *
 * @throws {SettingsError} the named file is missing, or a file is not TOML or says something impossible
 * @see https://github.com/containers/storage/blob/main/docs/containers-storage.conf.5.md
 */
export async function readStorageConf(
  { environment, rootless, configHome }: Pick<Settings, 'environment' | 'rootless' | 'configHome'>,
  systemFiles: readonly string[] = SYSTEM_FILES,
): Promise<StorageConf> {
  const named = readVariable(environment, 'CONTAINERS_STORAGE_CONF');
  const hasDriver = readVariable(environment, 'STORAGE_DRIVER') !== undefined;
  if (named !== undefined) {
    const { own, storage } = await readTables(named, readNamed(named), environment);
    const ownRoot = (rootless ? storage('rootless_storage_path') : undefined) ?? storage('graphroot');
    const root = own('root') ?? below(ownRoot);
    return storageConf(root, own('runroot') ?? below(storage('runroot')), hasDriver ? undefined : (own('driver') ?? storage('driver')));
  }
  const files = [...(rootless && configHome !== undefined ? [join(configHome, 'containers/storage.conf')] : []), ...systemFiles];
  for (const path of files) {
    const text = readIfThere(path);
    if (text === undefined) continue;
    // Most say neither, and need not be parsed.
    if (!/^\s*(driver\s*=\s*["']vfs["']|\[tsbuild\])/m.test(text)) return {};
    const { own, storage } = await readTables(path, text, environment);
    const driver = own('driver') ?? (storage('driver') === 'vfs' ? 'vfs' : undefined);
    return storageConf(own('root'), own('runroot'), hasDriver ? undefined : driver);
  }
  return {};
}

function storageConf(root: string | undefined, runroot: string | undefined, driver: string | undefined): StorageConf {
  return {
    ...(root === undefined ? {} : { root }),
    ...(runroot === undefined ? {} : { runroot }),
    ...(driver === undefined ? {} : { 'storage-driver': driver }),
  };
}

function below(root: string | undefined): string | undefined {
  return root === undefined ? undefined : join(root, 'tsbuild');
}

type TextOf = (key: string) => string | undefined;

/** The tables of a file: `[tsbuild]` and `[storage]`. */
async function readTables(
  path: string,
  content: string,
  environment: Settings['environment'],
): Promise<{ readonly own: TextOf; readonly storage: TextOf }> {
  const document = await parseFile(path, content);
  const textsOf = (name: string): TextOf => {
    const table = document[name] ?? {};
    if (typeof table !== 'object' || table === null) throw new SettingsError(path, `"${name}" is not a table`);
    return (key) => {
      const value = (table as Readonly<Record<string, unknown>>)[key];
      if (value !== undefined && typeof value !== 'string') throw new SettingsError(path, `"${name}.${key}" is not a text`);
      return value === undefined || value === '' ? undefined : expand(value, environment);
    };
  };
  return { own: textsOf('tsbuild'), storage: textsOf('storage') };
}

function readNamed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(path, 'the file of $CONTAINERS_STORAGE_CONF cannot be read', undefined, { cause: error });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return undefined;
    throw new SettingsError(path, 'the file cannot be read', undefined, { cause: error });
  }
}

async function parseFile(path: string, content: string): Promise<Readonly<Record<string, unknown>>> {
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
