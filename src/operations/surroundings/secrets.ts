import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../errors.js';

/** Where the bytes of a secret come from: not the bytes, which are read when a command asks for them. */
type SecretSource = { readonly file: string } | { readonly variable: string };

/** Finds secrets by their id. Nothing of them is kept anywhere but in the memory of this process. */
export type SecretReader = (id: string) => Uint8Array | undefined;

// BuildKit's limit.
const MAX_SECRET_BYTES = 500 * 1024;

/**
 * `--secret id=ID[,src=FILE|,env=NAME][,type=file|env]`. Without `src` and `env` the variable or else the file named as the id.
 *
 * @throws {UsageError} a flag of another form; a file or variable that is not there. Messages name files and variables, never content
 */
export function readSecretFlags(flags: readonly string[], environment: Readonly<Record<string, string | undefined>>): SecretReader {
  const sources = new Map(flags.map((flag) => parseSecret(flag, environment)));
  return (id) => {
    const source = sources.get(id);
    return source === undefined ? undefined : readSecret(id, source, environment);
  };
}

function parseSecret(flag: string, environment: Readonly<Record<string, string | undefined>>): [string, SecretSource] {
  const wrong = (): never => {
    throw new UsageError(`incorrect secret flag format: should be --secret id=foo,src=bar[,env=ENV][,type=file|env]`);
  };
  const values = new Map<string, string>();
  for (const field of flag.split(',')) {
    const [, written = '', value = ''] = /^([^=]+)=(.*)$/s.exec(field) ?? wrong();
    const key = written.trim().toLowerCase();
    values.set(key === 'source' ? 'src' : key, value);
    if (!['id', 'src', 'source', 'env', 'type'].includes(key)) wrong();
  }
  const id = values.get('id') ?? '';
  const type = values.get('type');
  if (id === '' || (type !== undefined && type !== 'file' && type !== 'env')) wrong();
  const source = sourceOf(id, type, values, environment);
  checkSource(id, source, environment);
  return [id, source];
}

function sourceOf(
  id: string,
  type: string | undefined,
  values: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): SecretSource {
  const src = values.get('src');
  const variable = values.get('env');
  // Buildah and BuildKit: `type=env,src=NAME` names a variable too.
  if (variable !== undefined) return { variable };
  if (src !== undefined) return type === 'env' ? { variable: src } : { file: src };
  return type !== 'file' && environment[id] !== undefined ? { variable: id } : type === 'env' ? { variable: id } : { file: id };
}

function checkSource(id: string, source: SecretSource, environment: Readonly<Record<string, string | undefined>>): void {
  if ('variable' in source) {
    if (environment[source.variable] === undefined) throw new UsageError(`secret "${id}": the variable ${source.variable} is not set`);
    return;
  }
  const stat = statSync(source.file, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`secret "${id}": the file ${JSON.stringify(source.file)} does not exist`);
  if (stat.isDirectory()) throw new UsageError(`secret "${id}": ${JSON.stringify(source.file)} is a directory`);
  checkSize(id, stat.size);
}

function readSecret(id: string, source: SecretSource, environment: Readonly<Record<string, string | undefined>>): Uint8Array {
  const bytes = 'file' in source ? readFileSync(source.file) : Buffer.from(environment[source.variable] ?? '', 'utf8');
  checkSize(id, bytes.length);
  return bytes;
}

function checkSize(id: string, sizeBytes: number): void {
  if (sizeBytes > MAX_SECRET_BYTES) throw new UsageError(`secret "${id}" is larger than ${MAX_SECRET_BYTES / 1024} KiB`);
}
