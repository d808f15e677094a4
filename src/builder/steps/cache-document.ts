import * as v from 'valibot';
import {
  type DiffId,
  type Digest,
  encodeJson,
  isDigest,
  layerCompression,
  ManifestError,
  parseStrictJson,
  sortKeys,
} from '../../image/index.js';
import type { LayerBlob, StepRecord } from '../../store/index.js';
import type { LayerIdentity } from './layer-state.js';
import { contentOfLayers } from './root-state.js';

/** Media type of the config of a manifest that holds a build cache instead of an image. */
export const CACHE_CONFIG = 'application/vnd.tsbuild.cache.config.v1+json';

/** The largest document accepted, in bytes: far more than 10,000 records. */
export const MAX_CACHE_BYTES = 64 * 1024 * 1024;

const MAX_RECORDS = 10_000;
/** What only records have that say something of this machine: a snapshot of a copy, a downloaded file. */
const OWN_RESULTS: readonly string[] = ['layer', 'content'];
const MAX_INPUTS = 10_000;
const MAX_MOUNTS = 100;

/** A layer that records lead to, and the blob that holds it. */
export interface CachedLayer extends LayerBlob {
  readonly diffId: DiffId;
}

/** Which directory of RUN --mount=type=cache a {@link CachedMount} is: what the store names it by. */
export interface CachedMountIdentity {
  readonly id: string;
  readonly platform: string;
  readonly uid: number;
  readonly gid: number;
  readonly origin: string;
}

/** Such a directory, kept as the tar of a layer. */
export interface CachedMount extends CachedLayer {
  readonly identity: CachedMountIdentity;
}

/** What one build hands to others: outcomes of steps, and where their layers are. */
export interface CacheDocument {
  readonly records: readonly StepRecord[];
  readonly layers: readonly CachedLayer[];
  readonly mounts: readonly CachedMount[];
}

/**
 * The document's one encoding: equal content gives equal bytes, so that exporting the same cache again sends nothing. Inputs that are no
 * digests are left out: what leaves the machine are names, digests and times.
 */
export function encodeCacheDocument({ records, layers, mounts }: CacheDocument): Uint8Array {
  return encodeJson({
    version: 1,
    records: [...records].sort(byKey).map(encodeRecord),
    layers: [...layers].sort((a, b) => compare(a.diffId, b.diffId)).map(encodeLayer),
    mounts: [...mounts]
      .map(({ identity: { id, platform, uid, gid, origin }, ...layer }) => ({
        identity: { id, platform, uid, gid, origin },
        ...encodeLayer(layer),
      }))
      .sort((a, b) => compare(JSON.stringify(a.identity), JSON.stringify(b.identity))),
  });
}

/**
 * Read a document that came from outside. Nothing in it is believed before its form is checked: keys and layers are digests, sizes are
 * sizes, and a layer of a record that the document does not have is no outcome.
 *
 * @param subject for messages: `cache of registry.example.com/app:cache`
 * @throws {ManifestError} too large, not JSON, of a later version, or malformed
 */
export function parseCacheDocument(bytes: Uint8Array, subject: string): CacheDocument {
  const value = parseStrictJson(bytes, subject, MAX_CACHE_BYTES);
  const result = v.safeParse(documentSchema(), value, { abortEarly: true });
  if (result.success) {
    const { records, layers, mounts } = result.output;
    return { records, layers, mounts } as unknown as CacheDocument;
  }
  const [issue] = result.issues;
  throw new ManifestError(subject, `${JSON.stringify(v.getDotPath(issue) ?? 'document')} is wrong: ${issue.message}`);
}

/** The records, of those a build used, that led to an image with these layers, base first (`mode=min`). */
export function recordsOfImage(records: readonly StepRecord[], layers: readonly LayerIdentity[]): StepRecord[] {
  const positions = new Map<string, number[]>();
  for (let position = 0; position <= layers.length; position++) {
    const content = contentOfLayers(layers.slice(0, position));
    positions.set(content, [...(positions.get(content) ?? []), position]);
  }
  const nothing = contentOfLayers([]);
  return records.filter(({ definition, parent, result }) => {
    // The time of a whole image is recorded as a step on itself.
    if (definition === parent) return true;
    // COPY --link makes its layer on nothing, wherever it lies in the image.
    if (parent === nothing && layers.some(({ diffId }) => diffId === result.diffId)) return true;
    const found = positions.get(parent);
    return found?.some((position) => result.diffId === undefined || layers[position]?.diffId === result.diffId) ?? false;
  });
}

/** Whether another machine could use a record: not what is remembered of downloads, or of which snapshot a copy may share files with. */
export function isShareable({ result }: StepRecord): boolean {
  return !OWN_RESULTS.some((name) => name in result);
}

/** A layer of a manifest as a document has it; undefined for what is no layer. */
export function cachedLayerOf(
  diffId: DiffId,
  descriptor: { readonly mediaType: string; readonly digest: Digest; readonly size: number },
): CachedLayer | undefined {
  const compression = layerCompression(descriptor.mediaType);
  return compression === undefined ? undefined : { diffId, digest: descriptor.digest, size: descriptor.size, compression };
}

function encodeLayer({ diffId, digest, size, compression }: CachedLayer): CachedLayer {
  return { diffId, digest, size, compression };
}

function encodeRecord({ definition, parent, inputs, result, createdAt }: StepRecord): unknown {
  const { diffId, contentDigest, empty, selection } = result;
  const named = Object.fromEntries(Object.entries(inputs).filter(([, digest]) => isDigest(digest)));
  return { definition, parent, inputs: sortKeys(named), result: { diffId, contentDigest, empty, selection }, createdAt };
}

function byKey(a: StepRecord, b: StepRecord): number {
  return compare(a.definition, b.definition) || compare(a.parent, b.parent);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Made when a document is read: most builds read none. */
function documentSchema() {
  const shortText = v.pipe(v.string(), v.maxLength(4096));
  const sha256 = v.pipe(v.string(), v.regex(/^sha256:[a-f0-9]{64}$/, 'expected sha256 and 64 lower-case hexadecimal digits'));
  const digest = v.pipe(v.string(), v.check(isDigest, 'expected a digest'));
  const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
  const idNumber = v.pipe(count, v.maxValue(0xffff_fffe)); // (uid_t)-1 is nobody's
  const time = v.pipe(v.string(), v.isoTimestamp());
  const blob = { digest, size: count, compression: v.picklist(['zstd', 'gzip', 'none']) };

  // What is not named here is dropped: a later version may say more, and nothing unknown reaches the store.
  const recordSchema = v.object({
    definition: sha256,
    parent: sha256,
    inputs: v.pipe(
      v.record(shortText, sha256),
      v.check((inputs) => Object.keys(inputs).length <= MAX_INPUTS, 'too many inputs'),
    ),
    result: v.pipe(
      v.object({
        diffId: v.optional(sha256),
        contentDigest: v.optional(sha256),
        empty: v.optional(v.boolean()),
        selection: v.optional(shortText),
      }),
      v.check((result) => (result.diffId === undefined) === (result.contentDigest === undefined), 'a layer has two digests'),
    ),
    createdAt: time,
  });

  return v.object({
    version: v.literal(1, 'it was written by a later version'),
    records: v.pipe(v.array(recordSchema), v.maxLength(MAX_RECORDS)),
    layers: v.optional(v.pipe(v.array(v.object({ diffId: sha256, ...blob })), v.maxLength(MAX_RECORDS)), []),
    mounts: v.optional(
      v.pipe(
        v.array(
          v.object({
            identity: v.object({ id: shortText, platform: shortText, uid: idNumber, gid: idNumber, origin: shortText }),
            diffId: sha256,
            ...blob,
          }),
        ),
        v.maxLength(MAX_MOUNTS),
      ),
      [],
    ),
  });
}
