import { UnsupportedFeatureError, UsageError } from '../../errors.js';
import { formatReference, parseReference } from '../../image/index.js';
import { parseCsvLine } from '../../parser/index.js';

/** Where a build cache is kept. */
export type CachePlace =
  /** Full name with a tag or digest. */
  { readonly type: 'registry'; readonly reference: string } | { readonly type: 'local'; readonly path: string; readonly tag: string };

/** `--cache-from`. */
export type CacheFrom = CachePlace;

/** `--cache-to`. `min`: what led to the image; `max`: every step. */
export type CacheTo =
  | (CachePlace & {
      readonly mode: 'min' | 'max';
      /** IDs of RUN --mount=type=cache whose directories go along. */
      readonly mounts: readonly string[];
    })
  /** In the manifest of the image itself. */
  | { readonly type: 'inline' };

/** A repository that is given alone, as Buildah has it, is not where its image `latest` is kept. */
const PLAIN_TAG = 'buildcache';
/** BuildKit's. */
const LATEST = 'latest';

/**
 * Reads a value of `--cache-from`: `type=registry,ref=NAME`, `type=local,src=DIR[,tag=TAG]`, or a repository alone.
 * @throws {UsageError} @throws {UnsupportedFeatureError} kinds and settings tsbuild does not have
 */
export function parseCacheFrom(text: string): CacheFrom {
  const fields = parseFields('--cache-from', text);
  if (typeof fields === 'string') return { type: 'registry', reference: cacheName('--cache-from', fields, PLAIN_TAG) };
  return parsePlace('--cache-from', fields, 'src', new Set());
}

/**
 * Reads a value of `--cache-to`: as {@link parseCacheFrom} with `dest` for `src`, and `mode=min|max`, `mounts=ID[,ID]`; or `type=inline`.
 * @throws {UsageError} @throws {UnsupportedFeatureError}
 */
export function parseCacheTo(text: string): CacheTo {
  const flag = '--cache-to';
  const fields = parseFields(flag, text);
  // Buildah keeps every step.
  if (typeof fields === 'string') return { type: 'registry', reference: cacheName(flag, fields, PLAIN_TAG), mode: 'max', mounts: [] };
  const { mode = 'min', mounts = '', compression = 'zstd', ...asIs } = Object.fromEntries(fields);
  if (mode !== 'min' && mode !== 'max') throw new UsageError(`${flag}: mode=${mode} is neither min nor max`);
  if (compression !== 'zstd') throw new UnsupportedFeatureError(`${flag}: compression=${compression}: layers go out as the store has them`);
  for (const key of ['ignore-error', 'image-manifest', 'oci-mediatypes']) {
    if ((asIs[key] ?? 'true') !== 'true')
      throw new UnsupportedFeatureError(`${flag}: ${key}=${asIs[key]} is not supported: it is always true`);
  }
  if (asIs.type === 'inline') {
    refuseOthers(flag, fields, new Set(['type', 'mode', 'ignore-error']));
    if (mode === 'max') throw new UsageError(`${flag}: type=inline keeps only what led to the image, so mode=max is not possible`);
    return { type: 'inline' };
  }
  const own = new Set(['mode', 'mounts', 'compression', 'ignore-error', 'image-manifest', 'oci-mediatypes']);
  return { ...parsePlace(flag, fields, 'dest', own), mode, mounts: mounts.split(',').filter((id) => id !== '') };
}

type Fields = ReadonlyMap<string, string>;

/** The text itself when it is no list of settings. A field without `=` goes on with the list of the one before: `mounts=a,b`. */
function parseFields(flag: string, text: string): Fields | string {
  if (!/(^|,)"?[a-z-]+=/.test(text)) return text;
  const fields = new Map<string, string>();
  let last = '';
  for (const field of parseCsvLine(text) ?? []) {
    const equals = field.indexOf('=');
    if (equals < 0 && last === 'mounts') fields.set(last, `${fields.get(last)},${field}`);
    else if (equals < 0) throw new UsageError(`${flag}: "${field}" in ${JSON.stringify(text)} is not KEY=VALUE`);
    else {
      last = field.slice(0, equals).trim().toLowerCase();
      fields.set(last, field.slice(equals + 1));
    }
  }
  if (fields.size === 0) throw new UsageError(`${flag}: the quotes in ${JSON.stringify(text)} are wrong`);
  return fields;
}

function parsePlace(flag: string, fields: Fields, pathKey: 'src' | 'dest', own: ReadonlySet<string>): CachePlace {
  const type = fields.get('type') ?? (fields.has('ref') ? 'registry' : '');
  switch (type) {
    case 'registry':
      refuseOthers(flag, fields, new Set(['type', 'ref', ...own]));
      return { type, reference: cacheName(flag, required(flag, fields, 'ref', type), LATEST) };
    case 'local':
      refuseOthers(flag, fields, new Set(['type', pathKey, 'tag', ...own]));
      return { type, path: required(flag, fields, pathKey, type), tag: fields.get('tag') ?? LATEST };
    case 'inline':
      throw new UsageError(`${flag}: type=inline is for --cache-to`, { hint: 'Give the image: --cache-from type=registry,ref=NAME' });
    default:
      throw new UnsupportedFeatureError(`${flag}: type=${type} is not supported`, {
        hint: `Use type=registry,ref=NAME${flag === '--cache-to' ? ', type=local,dest=DIR or type=inline' : ' or type=local,src=DIR'}`,
      });
  }
}

function required(flag: string, fields: Fields, key: string, type: string): string {
  const value = fields.get(key) ?? '';
  if (value === '') throw new UsageError(`${flag}: type=${type} needs ${key}=...`);
  return value;
}

function refuseOthers(flag: string, fields: Fields, known: ReadonlySet<string>): void {
  for (const key of fields.keys()) {
    if (!known.has(key))
      throw new UnsupportedFeatureError(`${flag}: ${key}=... is not supported with type=${fields.get('type') ?? 'registry'}`);
  }
}

function cacheName(flag: string, text: string, tag: string): string {
  const reference = parseReference(text.replace(/^docker:\/\//, ''));
  if (flag === '--cache-to' && reference.digest !== undefined)
    throw new UsageError(`${flag}: ${text} has a digest, which nothing can be written to`);
  return formatReference(reference.tag === undefined && reference.digest === undefined ? { ...reference, tag } : reference);
}
