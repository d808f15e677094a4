import type { Environment } from './environment.js';
import { readContainersConf } from './read-containers-conf.js';
import { type GlobalFlags, readSettings, type Settings } from './settings.js';
import { readStorageConf } from './storage-conf.js';

/**
 * As `readSettings`, with what configuration files put in place of variables and flags that are not given: `engine.env` and
 * `image_copy_tmp_dir` of containers.conf, and the storage.conf that a variable names.
 */
export async function loadSettings(environment: Environment, flags: GlobalFlags): Promise<Settings> {
  const settings = readSettings(environment, flags);
  const { engineEnv = [], tmpDir } = await readContainersConf(settings, ['env', 'image_copy_tmp_dir']);
  // "storage" is a place in containers/storage.
  const temporary = tmpDir === undefined || tmpDir === 'storage' ? {} : { TMPDIR: tmpDir };
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const configured = { ...temporary, ...variables(engineEnv), ...given };
  const storage = await readStorageConf({ ...settings, environment: configured });
  if (Object.keys(configured).length === Object.keys(given).length && Object.keys(storage).length === 0) return settings;
  return readSettings({ ...environment, ...configured }, { ...storage, ...flags });
}

function variables(entries: readonly string[]): Record<string, string> {
  const pairs = entries.map((entry) => /^([^=]+)=(.*)$/s.exec(entry)).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
