import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { SettingsError } from './errors.js';
import type { Settings } from './settings.js';

type Places = Pick<Settings, 'configHome' | 'home' | 'rootless'>;

/** Where the signatures of a repository's images are kept, beside the registry. */
export interface Lookaside {
  /** `file:`, `http:` or `https:`; the repository's path comes below it. */
  readonly base: URL;
  /** The folder whose files say so, or could. */
  readonly directory: string;
  /** The file that says so; undefined: nobody does, and this is the customary place. */
  readonly file: string | undefined;
}

const SYSTEM_DIRECTORY = '/etc/containers/registries.d';
const SYSTEM_LOOKASIDE = '/var/lib/containers/sigstore';
const USER_LOOKASIDE = '.local/share/containers/sigstore';

/** The newer name of a key goes before its older one. */
const READ_KEYS = ['lookaside', 'sigstore'] as const;
const WRITE_KEYS = ['lookaside-staging', 'sigstore-staging', ...READ_KEYS] as const;

/**
 * Where signatures of an image are, or go: what the YAML files of registries.d say of the narrowest scope, else their `default-docker`, else
 * the customary place. The user's registries.d, where there is one, stands in for the system's.
 *
 * @param scopes of the image, the narrowest first (`registryScopes`)
 * @throws {SettingsError} a file is not YAML, says something impossible, or says it a second time
 * @see https://github.com/containers/image/blob/main/docs/containers-registries.d.5.md
 */
export async function findLookaside(
  places: Places,
  scopes: readonly string[],
  access: 'read' | 'write',
  systemDirectory = SYSTEM_DIRECTORY,
): Promise<Lookaside> {
  const own = places.configHome === undefined ? undefined : join(places.configHome, 'containers/registries.d');
  const ownNames = own === undefined ? undefined : yamlFilesOf(own);
  const directory = own !== undefined && ownNames !== undefined ? own : systemDirectory;
  const names = ownNames ?? yamlFilesOf(systemDirectory) ?? [];
  const { fallback, scoped } = await readFiles(names.map((name) => join(directory, name)));
  const keys = access === 'write' ? WRITE_KEYS : READ_KEYS;
  for (const entry of [...scopes.map((scope) => scoped.get(scope)), fallback]) {
    const text = keys.map((key) => entry?.places[key]).find((place) => place !== undefined);
    if (entry !== undefined && text !== undefined) return { base: urlOf(entry.file, text), directory, file: entry.file };
  }
  const customary = places.rootless && places.home !== undefined ? join(places.home, USER_LOOKASIDE) : SYSTEM_LOOKASIDE;
  return { base: new URL(`file://${encodeURI(customary)}`), directory, file: undefined };
}

interface Entry {
  readonly file: string;
  readonly places: Readonly<Record<string, string>>;
}

interface Entries {
  readonly fallback: Entry | undefined;
  readonly scoped: ReadonlyMap<string, Entry>;
}

/** Undefined: there is no such folder. */
function yamlFilesOf(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw new SettingsError(directory, 'the directory cannot be listed', undefined, { cause: error });
  }
}

async function readFiles(files: readonly string[]): Promise<Entries> {
  let fallback: Entry | undefined;
  const scoped = new Map<string, Entry>();
  for (const file of files) {
    const document = tableAt(file, await parseYaml(file), 'it');
    if (document['default-docker'] !== undefined) {
      if (fallback !== undefined) throw new SettingsError(file, `"default-docker" is defined in ${fallback.file} already`);
      fallback = { file, places: placesAt(file, document['default-docker'], '"default-docker"') };
    }
    for (const [scope, value] of Object.entries(tableAt(file, document.docker, '"docker"'))) {
      const other = scoped.get(scope);
      if (other !== undefined) throw new SettingsError(file, `"docker.${scope}" is defined in ${other.file} already`);
      scoped.set(scope, { file, places: placesAt(file, value, `"docker.${scope}"`) });
    }
  }
  return { fallback, scoped };
}

async function parseYaml(file: string): Promise<unknown> {
  // Loaded here, because only signatures are looked for in YAML.
  const { parse, YAMLParseError } = await import('yaml');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SettingsError(file, 'the file cannot be read', undefined, { cause });
  }
  try {
    return parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new SettingsError(file, error.message.split('\n')[0] ?? 'it is not YAML', error.linePos?.[0].line, { cause: error });
  }
}

/** An empty document or value is an empty table. */
function tableAt(file: string, value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new SettingsError(file, `${what} is not a mapping`);
}

function placesAt(file: string, value: unknown, what: string): Readonly<Record<string, string>> {
  const table = tableAt(file, value, what);
  const places: Record<string, string> = {};
  for (const key of WRITE_KEYS) {
    const place = table[key];
    if (place === undefined || place === null || place === '') continue;
    if (typeof place !== 'string') throw new SettingsError(file, `"${key}" of ${what} is not a text`);
    places[key] = place;
  }
  return places;
}

function urlOf(file: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['file:', 'http:', 'https:'].includes(url.protocol) || (url.protocol === 'file:' && url.host !== ''))
    throw new SettingsError(file, `"${text}" is not a URL of signatures`, undefined, {
      hint: 'Write file:///DIRECTORY, or https://HOST/PATH where signatures are only read',
    });
  return url;
}
