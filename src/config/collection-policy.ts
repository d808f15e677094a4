import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import type { Directories } from './directories.js';
import { SettingsError } from './errors.js';

/** What is collected by itself at the end of builds. */
export interface CollectionPolicy {
  readonly automatic: boolean;
  /** Limits of the build cache, as sizes (`50GB`) or shares of the file system (`20%`); the smallest counts. */
  readonly keep: readonly string[];
  /** A time span: outcomes and cache mounts that nobody used for so long go. */
  readonly unused: string;
}

export const DEFAULT_COLLECTION_POLICY: CollectionPolicy = { automatic: true, keep: ['20%', '50GB'], unused: '30d' };

const SYSTEM_DIRECTORY = '/etc';

/**
 * The table `[collection]` of `tsbuild.toml`: the system's in /etc/tsbuild, then the user's in the configuration home, key by key.
 *
 * @throws {SettingsError} a file is not TOML, or a key has a value that cannot be meant
 */
export async function readCollectionPolicy(places: Pick<Directories, 'configHome'>, system = SYSTEM_DIRECTORY): Promise<CollectionPolicy> {
  const directories = [system, ...(places.configHome === undefined ? [] : [places.configHome])];
  let policy = DEFAULT_COLLECTION_POLICY;
  for (const directory of directories) {
    const path = join(directory, 'tsbuild', 'tsbuild.toml');
    const text = readIfThere(path);
    if (text !== undefined) policy = { ...policy, ...parsePolicy(path, await parseToml(path, text)) };
  }
  return policy;
}

async function parseToml(path: string, text: string): Promise<Record<string, unknown>> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new SettingsError(path, error.message.split('\n')[0] ?? 'it is not TOML', error.line, { cause: error });
  }
}

function parsePolicy(path: string, document: Record<string, unknown>): Partial<CollectionPolicy> {
  const table = document.collection ?? {};
  if (typeof table !== 'object' || table === null || Array.isArray(table)) throw new SettingsError(path, '"collection" is not a table');
  const policy: { -readonly [K in keyof CollectionPolicy]?: CollectionPolicy[K] } = {};
  for (const [key, value] of Object.entries(table)) {
    if (key === 'automatic' && typeof value === 'boolean') policy.automatic = value;
    else if (key === 'unused' && typeof value === 'string') policy.unused = value;
    else if (key === 'keep' && typeof value === 'string') policy.keep = [value];
    else if (key === 'keep' && Array.isArray(value) && value.every((limit) => typeof limit === 'string')) policy.keep = value;
    else throw new SettingsError(path, `"collection.${key}" is unknown, or of another type`, undefined, { hint: KEYS });
  }
  return policy;
}

const KEYS = 'Known: automatic = true, keep = ["20%", "50GB"], unused = "30d"';

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return undefined;
    throw new SettingsError(path, 'it cannot be read', undefined, { cause: error });
  }
}
