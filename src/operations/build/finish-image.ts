import {
  ANNOTATION_CREATED,
  buildManifest,
  type Compression,
  type Descriptor,
  type DiffId,
  type DockerExtras,
  digestHex,
  digestOf,
  encodeDockerConfig,
  encodeImageConfig,
  encodeJson,
  FORMAT_TYPES,
  type ImageConfig,
  type ImageFormat,
  imageId,
  layerMediaType,
} from '../../image/index.js';
import { compressTo, decompress } from '../../layers/index.js';
import type { LayerBlob, Store } from '../../store/index.js';

/** What is known of an image when every layer has its blob, but for the time it was made. */
export interface UnfinishedImage {
  /** With diff ids and history; history entries without `created` get the image's. */
  readonly config: ImageConfig;
  readonly format: ImageFormat;
  /** What Docker's format holds beside OCI's fields. */
  readonly docker?: DockerExtras | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations that tell how the image was made, not what it is: asked for when its time is known. */
  readonly lateAnnotations?: () => Promise<Readonly<Record<string, string>>>;
  /** Whether an annotation names the image's time. */
  readonly createdAnnotation: boolean;
  /** How layers are compressed that this build made, and those that the format cannot hold as they are. */
  readonly compression: Compression;
  /** How many layers came with the base: they stay as they are if they can. */
  readonly baseLayers: number;
  /** Layers that are elsewhere, as they are there; one that is taken as it is need not be in the store. */
  readonly elsewhere: (diffId: DiffId) => LayerBlob | undefined;
  /** Brings such a layer into the store. */
  readonly fetch: (diffIds: readonly DiffId[]) => Promise<void>;
  /** RFC 3339; undefined: when this content was finished first. */
  readonly created: string | undefined;
}

export interface FinishedImage {
  readonly imageId: string;
  readonly descriptor: Descriptor;
  /** RFC 3339. */
  readonly created: string;
}

/** Writes config and manifest. The image has no name yet: `store.names.publish` gives it one. */
export async function finishImage(
  image: UnfinishedImage,
  store: Store,
  options: { readonly now: () => string; readonly reuseCreated: boolean; readonly signal: AbortSignal },
): Promise<FinishedImage> {
  const created = image.created ?? (await firstCreated(image, store, options));
  const history = image.config.history?.map((entry) => (entry.created === undefined ? { created, ...entry } : entry));
  const config: ImageConfig = { ...image.config, created, ...(history === undefined ? {} : { history }) };
  const types = FORMAT_TYPES[image.format];
  const timed = image.createdAnnotation ? { [ANNOTATION_CREATED]: created } : {};
  const annotations = { ...timed, ...image.annotations, ...(await image.lateAnnotations?.()) };
  const configBlob = await store.blobs.putBytes(
    image.format === 'docker' ? encodeDockerConfig(config, image.docker) : encodeImageConfig(config),
  );
  const layers: Descriptor[] = [];
  // Of commands that change nothing all layers are one.
  const blobs = new Map<string, LayerBlob>();
  for (const [position, diffId] of config.rootfs.diff_ids.entries()) {
    const isOfBase = position < image.baseLayers;
    const blob = blobs.get(`${isOfBase} ${diffId}`) ?? (await layerBlob(diffId, image, isOfBase, store, options.signal));
    blobs.set(`${isOfBase} ${diffId}`, blob);
    layers.push({ mediaType: layerMediaType(blob.compression, image.format), digest: blob.digest, size: blob.size });
  }
  const manifest = buildManifest({ mediaType: types.config, ...configBlob }, layers, image.format, annotations);
  const manifestBlob = await store.blobs.putBytes(encodeJson(manifest));
  return { imageId: imageId(configBlob.digest), descriptor: { mediaType: types.manifest, ...manifestBlob }, created };
}

/**
 * The moment at which an image with this very content was finished first in this store. A build that comes from the cache alone then gives
 * the image ID it gave before, and pushing it sends nothing.
 */
async function firstCreated(
  image: UnfinishedImage,
  store: Store,
  options: { readonly now: () => string; readonly reuseCreated: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const { created: _, ...timeless } = image.config;
  const definition = digestOf(encodeJson({ kind: 'created', config: timeless, format: image.format, annotations: image.annotations }));
  const parent = definition;
  const find = (): string | undefined => {
    const known = options.reuseCreated ? store.cache.find(definition, parent) : undefined;
    if (known !== undefined) store.cache.touch(known, new Date());
    return known?.createdAt;
  };
  const known = find();
  if (known !== undefined) return known;
  // Two builds that finish the same content at the same moment agree on one of their times.
  const lock = await store.lockWork(digestHex(definition), { signal: options.signal });
  try {
    const other = find();
    if (other !== undefined) return other;
    const createdAt = options.now();
    await store.cache.put({ definition, parent, inputs: {}, result: {}, createdAt });
    return createdAt;
  } finally {
    lock.release();
  }
}

/** A blob of the layer in a form the format allows; made from another form when there is none. */
async function layerBlob(
  diffId: DiffId,
  image: UnfinishedImage,
  keepAnyForm: boolean,
  store: Store,
  signal: AbortSignal,
): Promise<LayerBlob> {
  const stored = (): readonly LayerBlob[] => store.layers.get(diffId)?.blobs ?? [];
  const isWanted = (blob: LayerBlob): boolean => blob.compression === image.compression;
  const fits = (blob: LayerBlob): boolean => isWanted(blob) || (keepAnyForm && (image.format === 'oci' || blob.compression !== 'zstd'));
  const blobs = stored();
  const fitting = blobs.find(isWanted) ?? blobs.find(fits);
  if (fitting !== undefined) return fitting;
  const elsewhere = blobs.length === 0 ? image.elsewhere(diffId) : undefined;
  if (elsewhere !== undefined && fits(elsewhere)) {
    const { digest, size, compression } = elsewhere;
    return { digest, size, compression };
  }
  if (elsewhere !== undefined) await image.fetch([diffId]);
  const other = stored()[0];
  if (other === undefined) throw new Error(`Layer ${diffId} has no blob in the store`);
  const tar = decompress(store.blobs.open(other), other.compression);
  const blob = await store.blobs.put(compressTo(tar, image.compression, { signal }), undefined, { signal });
  const made: LayerBlob = { ...blob, compression: image.compression };
  await store.layers.put({ diffId, blobs: [made] });
  return made;
}
