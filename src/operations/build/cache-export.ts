import { CACHE_CONFIG, type CacheDocument, type CachedLayer, encodeCacheDocument } from '../../builder/steps/index.js';
import { locateImage } from '../../config/index.js';
import { hasCode } from '../../errors.js';
import { type Descriptor, type Digest, digestOf, encodeJson, layerMediaType, OCI_MANIFEST } from '../../image/index.js';
import type { Reporter } from '../../progress.js';
import type { RegistryError } from '../../registry/index.js';
import type { Store } from '../../store/index.js';
import { copyImage, type ImageSource, openSink, openSource, type RawManifest, type TransportName } from '../../transports/index.js';
import type { RegistryAccess } from '../registry-access.js';
import type { CachePlace } from './cache-spec.js';

export interface ExportOptions {
  readonly store: Store;
  readonly access: RegistryAccess;
  /** The bytes of a layer the document names. */
  readonly openBlob: (blob: Descriptor, options?: { readonly signal?: AbortSignal }) => AsyncIterable<Uint8Array>;
  readonly tempDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Writes a cache to `place`: one manifest, whose config is the document and whose layers are the blobs it names. Blobs that are there are
 * not sent; the manifest comes last, so that a failure leaves the cache of before.
 *
 * @returns what was sent, 0 when the same cache was there already
 */
export async function exportCache(document: CacheDocument, place: CachePlace, options: ExportOptions): Promise<{ sentBytes: number }> {
  const { store, access, signal, tempDir } = options;
  const { transport, insecure } = await destinationOf(place, access);
  const services = access.transportServices(store, insecure);
  const source = cacheSource(document, options);
  const manifest = await source.readManifest(undefined);
  if ((await digestThere(transport, services, signal)) === manifest.digest) return { sentBytes: 0 };
  const sink = await openSink(transport, services);
  let sentBytes = 0;
  try {
    await copyImage(source, sink, {
      platform: 'all',
      preserveDigests: true,
      tempDir,
      signal,
      reporter: {
        report(event) {
          if (event.kind === 'transfer' && event.action === 'done') sentBytes += event.sizeBytes;
          options.reporter.report(event);
        },
      },
    });
    return { sentBytes };
  } finally {
    await sink.close();
  }
}

async function destinationOf(
  place: CachePlace,
  access: RegistryAccess,
): Promise<{ transport: TransportName; insecure: boolean | undefined }> {
  if (place.type === 'local') return { transport: { kind: 'oci', path: place.path, reference: place.tag }, insecure: undefined };
  const location = locateImage(await access.registries(), place.reference).at(-1);
  const insecure = location?.insecure === true ? true : undefined;
  return { transport: { kind: 'docker', reference: location?.name ?? place.reference }, insecure };
}

/** Of the manifest the destination has now; undefined when it has none, or does not say. */
async function digestThere(
  transport: TransportName,
  services: Parameters<typeof openSource>[1],
  signal: AbortSignal,
): Promise<Digest | undefined> {
  try {
    const source = await openSource(transport, services);
    try {
      return (await source.readManifest(undefined, { signal })).digest;
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    // Without a status the registry gave no answer at all, and has been asked often enough.
    if (hasCode(error, 'REGISTRY_ERROR') && (error as RegistryError).status === undefined) throw error;
    // Nothing is there yet, or it may only be written.
    return undefined;
  }
}

function cacheSource(document: CacheDocument, { openBlob }: ExportOptions): ImageSource {
  const configBytes = encodeCacheDocument(document);
  const config = { mediaType: CACHE_CONFIG, digest: digestOf(configBytes), size: configBytes.length };
  const layers = new Map([...document.layers, ...document.mounts].map((layer) => [layer.digest, describe(layer)]));
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [...layers.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  });
  const manifest: RawManifest = { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) };
  return {
    description: 'the build cache',
    readManifest: async () => manifest,
    openBlob: (blob, options) => (blob.digest === config.digest ? once(configBytes) : openBlob(blob, options)),
    async close() {},
  };
}

function describe({ digest, size, compression }: CachedLayer): Descriptor {
  return { mediaType: layerMediaType(compression, 'oci'), digest, size };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
