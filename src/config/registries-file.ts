import { SettingsError } from './errors.js';
import { type Registries, type RegistryMirror, type RegistryRule, withLowerHost } from './registries.js';

/** One registries.conf file; a scalar is undefined when the file does not set it. */
export interface RegistriesFile {
  readonly path: string;
  readonly searchRegistries: readonly string[] | undefined;
  readonly shortNameMode: Registries['shortNameMode'] | undefined;
  readonly credentialHelpers: readonly string[] | undefined;
  readonly rules: readonly RegistryRule[];
  readonly aliases: ReadonlyMap<string, string>;
}

type Table = Readonly<Record<string, unknown>>;

/**
 * The meaning of one file. Unknown keys are left alone, as containers/image does, so that files for newer tools still work.
 *
 * @param parseToml a TOML reader whose errors carry `line`
 * @throws {SettingsError} with the line where the trouble is
 */
export function parseRegistriesFile(path: string, text: string, parseToml: (text: string) => Table): RegistriesFile {
  const root = new TomlTable(path, text, parse(path, text, parseToml));
  if (root.has('registries')) {
    throw root.error(
      'registries',
      'this is the first version of the format, with [registries.search] and the like, which no tool reads any more',
    );
  }
  const rules = root.tables('registry').map(readRule);
  const aliases = root.table('aliases');
  const names = aliases?.keys() ?? [];
  return {
    path,
    searchRegistries: root.strings('unqualified-search-registries'),
    shortNameMode: root.choice('short-name-mode', ['enforcing', 'permissive', 'disabled']),
    credentialHelpers: root.strings('credential-helpers'),
    rules,
    aliases: new Map(names.map((name) => [name, aliases?.string(name) ?? ''])),
  };
}

function parse(path: string, text: string, parseToml: (text: string) => Table): Table {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const line = 'line' in error && typeof error.line === 'number' ? error.line : undefined;
    // The first line is the reason; the rest repeats the source, which the line number already names.
    const reason = error.message.split('\n')[0] ?? '';
    throw new SettingsError(path, reason.replace(/^Invalid TOML document: /, 'not valid TOML: '), line, { cause: error });
  }
}

function readRule(table: TomlTable): RegistryRule {
  const written = table.string('location');
  const prefix = table.string('prefix') || written;
  if (prefix === undefined || prefix === '') throw table.error('registry', 'a [[registry]] table has neither prefix nor location');
  if (prefix.startsWith('*') && !/^\*(\.[^*/:@.]+)+$/.test(prefix)) {
    throw table.error('prefix', `"${prefix}" is not a wildcard of the form *.DOMAIN`);
  }
  const byDigestOnly = table.boolean('mirror-by-digest-only') ?? false;
  return {
    prefix: withLowerHost(trimSlash(prefix)),
    location: trimSlash(written || prefix),
    insecure: table.boolean('insecure') ?? false,
    blocked: table.boolean('blocked') ?? false,
    mirrors: table.tables('mirror').map((mirror) => readMirror(mirror, byDigestOnly)),
  };
}

function readMirror(table: TomlTable, byDigestOnly: boolean): RegistryMirror {
  const location = table.string('location');
  if (location === undefined || location === '') throw table.error('mirror', 'a [[registry.mirror]] table has no location');
  const pullFrom = table.choice('pull-from-mirror', ['all', 'digest-only', 'tag-only']);
  if (pullFrom !== undefined && byDigestOnly) {
    throw table.error('pull-from-mirror', 'it cannot be used together with mirror-by-digest-only');
  }
  return {
    location: trimSlash(location),
    insecure: table.boolean('insecure') ?? false,
    pullFrom: pullFrom ?? (byDigestOnly ? 'digest-only' : 'all'),
  };
}

function trimSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

/** Typed access to a TOML table; a wrong type is an error at the line of its key. */
class TomlTable {
  constructor(
    private readonly path: string,
    private readonly text: string,
    private readonly values: Table,
  ) {}

  has(key: string): boolean {
    return this.values[key] !== undefined;
  }

  keys(): readonly string[] {
    return Object.keys(this.values);
  }

  string(key: string): string | undefined {
    const value = this.values[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.error(key, `"${key}" is not a string`);
  }

  boolean(key: string): boolean | undefined {
    const value = this.values[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.error(key, `"${key}" is neither true nor false`);
  }

  strings(key: string): readonly string[] | undefined {
    const value = this.values[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
    throw this.error(key, `"${key}" is not a list of strings`);
  }

  choice<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const value = this.string(key);
    if (value === undefined) return undefined;
    const found = allowed.find((word) => word === value);
    if (found === undefined) throw this.error(key, `"${value}" is not one of ${allowed.join(', ')}`);
    return found;
  }

  table(key: string): TomlTable | undefined {
    const value = this.values[key];
    if (value === undefined) return undefined;
    if (isTable(value)) return new TomlTable(this.path, this.text, value);
    throw this.error(key, `"${key}" is not a table`);
  }

  tables(key: string): readonly TomlTable[] {
    const value = this.values[key];
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every(isTable)) return value.map((table) => new TomlTable(this.path, this.text, table));
    throw this.error(key, `"${key}" is not a list of tables: write [[${key}]]`);
  }

  error(key: string, problem: string): SettingsError {
    return new SettingsError(this.path, problem, this.lineOf(key));
  }

  /** The parsed values have no positions, so the first line that assigns or opens the key is named; good enough to find it. */
  private lineOf(key: string): number | undefined {
    const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`^\\s*(?:\\[\\[?[^\\]]*\\b${escaped}\\b|["']?${escaped}["']?\\s*=)`);
    const index = this.text.split('\n').findIndex((line) => pattern.test(line));
    return index === -1 ? undefined : index + 1;
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
