import { CACHE_CONFIG, type CacheDocument, cachedLayerOf, MAX_CACHE_BYTES, parseCacheDocument } from '../builder/steps/index.js';
import { locateImage } from '../config/index.js';
import {
  ANNOTATION_INLINE_CACHE,
  chooseByPlatform,
  type DiffId,
  formatPlatform,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  ManifestError,
  type Platform,
  parseImageConfig,
  parseManifestDocument,
  readVerified,
} from '../image/index.js';
import type { Store } from '../store/index.js';
import { type ImageSource, openSource } from '../transports/index.js';
import type { CacheFrom } from './cache-spec.js';
import type { RegistryAccess } from './registry-access.js';

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
  { store, access, platform, signal }: { store: Store; access: RegistryAccess; platform: Platform; signal: AbortSignal },
): Promise<ImportedCache> {
  let failure: unknown;
  for (const open of await opensOf(from, store, access)) {
    try {
      const source = await open();
      try {
        return { document: await readDocument(source, platform, signal), source };
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

/** A cache of its own, or the one inside an image. */
async function readDocument(source: ImageSource, platform: Platform, signal: AbortSignal): Promise<CacheDocument> {
  const manifest = await readManifest(source, platform, signal);
  const subject = `cache of ${source.description}`;
  const readConfig = (maxBytes: number): Promise<Uint8Array> =>
    readVerified(source.openBlob(manifest.config, { signal }), manifest.config, { origin: source.description, maxBytes });
  if (manifest.config.mediaType === CACHE_CONFIG) {
    const document = parseCacheDocument(await readConfig(MAX_CACHE_BYTES), subject);
    // What the manifest does not list, a registry may have thrown away, and a client need not have checked.
    const listed = new Map(manifest.layers.map(({ digest, size }) => [digest, size]));
    const isListed = (layer: { digest: Manifest['config']['digest']; size: number }): boolean => listed.get(layer.digest) === layer.size;
    return { ...document, layers: document.layers.filter(isListed), mounts: document.mounts.filter(isListed) };
  }
  const inline = manifest.annotations?.[ANNOTATION_INLINE_CACHE];
  if (inline === undefined) throw new ManifestError(subject, 'it is an image without a cache');
  const { records } = parseCacheDocument(new TextEncoder().encode(inline), subject);
  const diffIds = parseImageConfig(await readConfig(MAX_CONFIG_BYTES)).rootfs.diff_ids;
  const layers = manifest.layers.flatMap((descriptor, position) => cachedLayerOf(diffIds[position] as DiffId, descriptor) ?? []);
  return { records, layers, mounts: [] };
}

async function readManifest(source: ImageSource, platform: Platform, signal: AbortSignal): Promise<Manifest> {
  const subject = `manifest of ${source.description}`;
  const top = await source.readManifest(undefined, { signal });
  const limits = { origin: source.description, maxBytes: MAX_MANIFEST_BYTES };
  const bytes = await readVerified([top.bytes], { digest: top.digest, size: top.bytes.length }, limits);
  const found = parseManifestDocument(bytes, { subject, declaredType: top.mediaType === '' ? undefined : top.mediaType });
  if (found.kind === 'manifest') return found.manifest;
  const chosen = chooseByPlatform(found.index.manifests, platform);
  if (chosen === undefined) throw new ManifestError(subject, `it has nothing for ${formatPlatform(platform)}`);
  const instance = await source.readManifest(chosen.digest, { signal });
  const document = parseManifestDocument(await readVerified([instance.bytes], chosen, limits), { subject, declaredType: chosen.mediaType });
  if (document.kind === 'index') throw new ManifestError(subject, 'it is a list of lists');
  return document.manifest;
}
