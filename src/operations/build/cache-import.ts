import {
  CACHE_CONFIG,
  type CacheDocument,
  type CachedLayer,
  cachedLayerOf,
  MAX_CACHE_BYTES,
  parseCacheDocument,
} from '../../builder/steps/index.js';
import { locateImage } from '../../config/index.js';
import {
  ANNOTATION_INLINE_CACHE,
  type Digest,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type ManifestDocument,
  ManifestError,
  parseImageConfig,
  parseManifestDocument,
  readVerified,
} from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type ImageSource, openSource, type RawManifest } from '../../transports/index.js';
import type { RegistryAccess } from '../registry-access.js';
import type { CacheFrom } from './cache-spec.js';

/** Nobody builds for more; an index that lists more is read so far. */
const MAX_PLATFORMS = 32;

/** A cache that was read: its records, and where its layers are to be had. The caller closes the source. */
export interface ImportedCache {
  readonly document: CacheDocument;
  readonly source: ImageSource;
}

/**
 * Reads what a cache source says of itself; none of its layers.
 * @throws what prevents it; the source is closed then
 */
export async function importCache(
  from: CacheFrom,
  { store, access, signal }: { store: Store; access: RegistryAccess; signal: AbortSignal },
): Promise<ImportedCache> {
  let failure: unknown;
  for (const open of await opensOf(from, store, access)) {
    try {
      const source = await open();
      try {
        return { document: await readDocument(source, signal), source };
      } catch (error) {
        await source.close();
        throw error;
      }
    } catch (error) {
      signal.throwIfAborted();
      // That of the registry itself, not of its mirrors before.
      failure = error;
    }
  }
  throw failure;
}

async function opensOf(from: CacheFrom, store: Store, access: RegistryAccess): Promise<(() => Promise<ImageSource>)[]> {
  if (from.type === 'local')
    return [() => openSource({ kind: 'oci', path: from.path, reference: from.tag }, access.transportServices(store))];
  return locateImage(await access.registries(), from.reference).map(
    ({ name, insecure }) =>
      () =>
        openSource({ kind: 'docker', reference: name }, access.transportServices(store, insecure ? true : undefined)),
  );
}

/** A cache of its own, or the one inside an image; of an index of images, those of all of them. */
async function readDocument(source: ImageSource, signal: AbortSignal): Promise<CacheDocument> {
  const subject = `cache of ${source.description}`;
  const documents: CacheDocument[] = [];
  for (const manifest of await readManifests(source, signal)) {
    const document = await documentOf(manifest, source, subject, signal);
    if (document !== undefined) documents.push(document);
  }
  if (documents.length === 0) throw new ManifestError(subject, 'it is an image without a cache');
  return {
    records: documents.flatMap(({ records }) => records),
    layers: documents.flatMap(({ layers }) => layers),
    mounts: documents.flatMap(({ mounts }) => mounts),
  };
}

async function documentOf(
  manifest: Manifest,
  source: ImageSource,
  subject: string,
  signal: AbortSignal,
): Promise<CacheDocument | undefined> {
  const readConfig = (maxBytes: number): Promise<Uint8Array> =>
    readVerified(source.openBlob(manifest.config, { signal }), manifest.config, { origin: source.description, maxBytes });
  if (manifest.config.mediaType === CACHE_CONFIG) {
    const document = parseCacheDocument(await readConfig(MAX_CACHE_BYTES), subject);
    // What the manifest does not list, a registry may throw away.
    const listed = new Map(manifest.layers.map(({ digest, size }) => [digest, size]));
    const isListed = ({ digest, size }: CachedLayer): boolean => listed.get(digest) === size;
    return { ...document, layers: document.layers.filter(isListed), mounts: document.mounts.filter(isListed) };
  }
  const inline = manifest.annotations?.[ANNOTATION_INLINE_CACHE];
  if (inline === undefined) return undefined;
  const { records } = parseCacheDocument(new TextEncoder().encode(inline), subject);
  const { diff_ids: diffIds } = parseImageConfig(await readConfig(MAX_CONFIG_BYTES)).rootfs;
  if (diffIds.length !== manifest.layers.length)
    throw new ManifestError(subject, `it has ${manifest.layers.length} layers and its config lists ${diffIds.length}`);
  return { records, layers: manifest.layers.flatMap((layer, position) => cachedLayerOf(diffIds[position]!, layer) ?? []), mounts: [] };
}

/** The manifest the name leads to, or those an index lists. */
async function readManifests(source: ImageSource, signal: AbortSignal): Promise<Manifest[]> {
  const top = await source.readManifest(undefined, { signal });
  const read = async (raw: RawManifest, expected: { digest: Digest; size: number; mediaType: string }): Promise<ManifestDocument> => {
    const bytes = await readVerified([raw.bytes], expected, { origin: source.description, maxBytes: MAX_MANIFEST_BYTES });
    const declaredType = expected.mediaType === '' ? undefined : expected.mediaType;
    return parseManifestDocument(bytes, { subject: `manifest of ${source.description}`, declaredType });
  };
  const found = await read(top, { ...top, size: top.bytes.length });
  if (found.kind === 'manifest') return [found.manifest];
  const manifests: Manifest[] = [];
  for (const entry of found.index.manifests.slice(0, MAX_PLATFORMS)) {
    const document = await read(await source.readManifest(entry.digest, { signal }), entry);
    if (document.kind === 'manifest') manifests.push(document.manifest);
  }
  return manifests;
}
