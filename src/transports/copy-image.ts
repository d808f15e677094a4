import { UnsupportedFeatureError } from '../errors.js';
import {
  ANNOTATION_ZSTD_INSTANCE,
  buildIndex,
  buildManifest,
  type Compression,
  type Descriptor,
  type Digest,
  DOCKER_LIST,
  digestHex,
  digestOf,
  encodeJson,
  FORMAT_TYPES,
  formatPlatform,
  type ImageFormat,
  layerCompression,
  type Manifest,
  type Platform,
  parseImageConfig,
  verify,
} from '../image/index.js';
import type { Reporter } from '../progress.js';
import { type CopyPlan, isImageConfig, type PlannedLayer, planCopy } from './copy-plan.js';
import type { ImageSink, IncomingBlob } from './image-sink.js';
import type { ImageSource, RawManifest, RepositoryName } from './image-source.js';
import { chooseImage, type ReadManifest, readSourceConfig, readSourceManifest } from './read-image.js';

export interface CopyImageOptions {
  /** Which image of a list; `all` copies the list with its images, `index-only` the list alone, to where its images are already. */
  readonly platform: Platform | 'all' | 'index-only';
  /** Compressions in which each image of a list is there too afterwards, as images of their own beside it. */
  readonly addCompression?: readonly Compression[];
  /** Format to write; left out: the source's if the sink can hold it, otherwise the sink's first. */
  readonly format?: ImageFormat;
  /** For layers that are not compressed yet and have to be; gzip if left out. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  /** Recompress layers that are compressed in another way than `compression`. */
  readonly forceCompression?: boolean;
  /** Fail rather than change a byte of the manifest. */
  readonly preserveDigests?: boolean;
  /** Directory for layers that are recompressed; files there are removed as soon as they are written. */
  readonly tempDir: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface CopyImageResult {
  /** What the sink's reference names now. */
  readonly descriptor: Descriptor;
  /** Hexadecimal digits of the config's digest; absent when a list was copied. */
  readonly imageId?: string;
}

/**
 * Copy an image, and make it visible under the sink's name. Blobs the sink has are not copied; every byte that is copied is verified; the
 * manifest's bytes stay what they are unless format or compression must change. The caller closes source and sink.
 *
 * @throws {SourceImageNotFoundError} a list without an image for the platform
 * @throws {DigestMismatchError} @throws {SizeMismatchError} the source is not what it says
 * @throws {ManifestError} a manifest or config that cannot be accepted
 * @throws {UnsupportedFeatureError} the sink cannot hold the image
 */
export async function copyImage(source: ImageSource, sink: ImageSink, options: CopyImageOptions): Promise<CopyImageResult> {
  const copy: Copy = { source, sink, options, blobs: new Map() };
  const top = await readSourceManifest(source, undefined, signalOf(options));
  const result =
    top.kind === 'index' && (options.platform === 'all' || options.platform === 'index-only')
      ? await copyList(copy, top)
      : await copyOne(copy, await chooseImage(source, top, onePlatform(options.platform), signalOf(options)), 'top');
  await sink.commit(signalOf(options));
  return result;
}

interface Copy {
  readonly source: ImageSource;
  readonly sink: ImageSink;
  readonly options: CopyImageOptions;
  /** Blobs on their way or done, by what they become: images of a list share layers. */
  readonly blobs: Map<string, Promise<Descriptor>>;
}

function onePlatform(platform: CopyImageOptions['platform']): Platform | 'all' {
  return platform === 'index-only' ? 'all' : platform;
}

/** Copy every image of a list, then the list: the same bytes unless an image had to change, or the sink holds lists in another format. */
async function copyList(copy: Copy, list: ReadManifest & { kind: 'index' }): Promise<CopyImageResult> {
  const { source, sink, options } = copy;
  if (!sink.acceptsIndex) throw new UnsupportedFeatureError(`Cannot write a list of images to ${sink.description}`);
  const entries: Descriptor[] = [];
  if (options.platform === 'index-only') entries.push(...list.index.manifests);
  else for (const entry of list.index.manifests) entries.push(...(await copyInstance(copy, entry, list.index.manifests)));
  const manifest = relist(list, entries, chooseListFormat(list, sink, options));
  if (manifest.digest !== list.digest && options.preserveDigests === true)
    throw new UnsupportedFeatureError(`Cannot write ${source.description} to ${sink.description} without changing its digest`);
  await sink.writeManifest(manifest, 'top', signalOf(options));
  return { descriptor: { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength } };
}

/** The entries an entry of the list becomes: itself, as it is written, and its images in further compressions. */
async function copyInstance(copy: Copy, entry: Descriptor, all: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const { source, options } = copy;
  const child = await readSourceManifest(source, entry, signalOf(options));
  if (child.kind === 'index') throw new UnsupportedFeatureError(`Cannot copy ${source.description}: it is a list of lists`);
  const { descriptor } = await copyOne(copy, child, 'instance');
  const entries: Descriptor[] = [{ ...entry, ...descriptor }];
  for (const compression of isImageConfig(child.manifest.config) ? (options.addCompression ?? []) : []) {
    const marked = { ...entry.annotations, ...compressionMark(compression) };
    const isThere =
      child.manifest.layers.every(({ mediaType }) => layerCompression(mediaType) === compression) ||
      all.some((other) => other !== entry && isSamePlatform(other, entry) && isMarked(other, compression));
    if (isThere) continue;
    const wishes = { ...options, preserveDigests: false, compression, forceCompression: true };
    const added = await copyOne({ ...copy, options: wishes }, child, 'instance');
    entries.push({ ...entry, ...added.descriptor, ...(Object.keys(marked).length === 0 ? {} : { annotations: marked }) });
  }
  return entries;
}

function compressionMark(compression: Compression): Readonly<Record<string, string>> {
  return compression === 'zstd' ? { [ANNOTATION_ZSTD_INSTANCE]: 'true' } : {};
}

function isMarked({ annotations }: Descriptor, compression: Compression): boolean {
  return (annotations?.[ANNOTATION_ZSTD_INSTANCE] === 'true') === (compression === 'zstd');
}

function isSamePlatform(one: Descriptor, other: Descriptor): boolean {
  return one.platform !== undefined && other.platform !== undefined && formatPlatform(one.platform) === formatPlatform(other.platform);
}

function chooseListFormat(list: ReadManifest & { kind: 'index' }, sink: ImageSink, options: CopyImageOptions): ImageFormat {
  const own: ImageFormat = list.mediaType === DOCKER_LIST ? 'docker' : 'oci';
  return options.format ?? (sink.formats.includes(own) ? own : (sink.formats[0] ?? own));
}

function relist(list: ReadManifest & { kind: 'index' }, entries: readonly Descriptor[], format: ImageFormat): RawManifest {
  const before = list.index.manifests;
  const isUnchanged = entries.length === before.length && entries.every(({ digest }, position) => digest === before[position]?.digest);
  const mediaType = FORMAT_TYPES[format].index;
  if (isUnchanged && mediaType === list.mediaType) return list;
  const { subject, artifactType, annotations } = list.index;
  const index = {
    ...buildIndex(entries, format, annotations),
    ...(artifactType === undefined || format === 'docker' ? {} : { artifactType }),
    ...(subject === undefined || format === 'docker' ? {} : { subject }),
  };
  const bytes = encodeJson(index);
  return { bytes, mediaType, digest: digestOf(bytes) };
}

async function copyOne(copy: Copy, image: ReadManifest & { kind: 'manifest' }, role: 'top' | 'instance'): Promise<CopyImageResult> {
  const { source, sink, options } = copy;
  const { config } = image.manifest;
  const configBytes = isImageConfig(config) ? await readSourceConfig(source, config, signalOf(options)) : undefined;
  const parsed = configBytes === undefined ? undefined : parseImageConfig(configBytes, `config of ${source.description}`);
  const plan = planCopy({ manifest: image.manifest, mediaType: image.mediaType, config: parsed }, sink, options);
  if (options.preserveDigests === true && !plan.isUnchanged) {
    throw new UnsupportedFeatureError(`Cannot write ${source.description} to ${sink.description} without changing its digest`);
  }
  const layers = await copyLayers(copy, plan);
  const open = (): AsyncIterable<Uint8Array> => (configBytes === undefined ? openVerified(copy, config) : once(configBytes));
  await copyBlob(copy, { descriptor: config, kind: 'config', repositories: repositoriesOf(copy, config), open });
  const manifest = plan.isUnchanged ? image : rewriteManifest(image.manifest, plan.format, layers);
  await sink.writeManifest(manifest, role, signalOf(options));
  const descriptor = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
  return { descriptor, imageId: digestHex(config.digest) };
}

/** The config's bytes, and so the image ID, are the same in both formats. */
function rewriteManifest(manifest: Manifest, format: ImageFormat, layers: readonly Descriptor[]): RawManifest {
  const config = { ...manifest.config, mediaType: FORMAT_TYPES[format].config };
  const bytes = encodeJson(buildManifest(config, layers, format, manifest.annotations));
  return { bytes, mediaType: FORMAT_TYPES[format].manifest, digest: digestOf(bytes) };
}

/** At most as many at once as source and sink take; the first failure stops the others. */
async function copyLayers(copy: Copy, plan: CopyPlan): Promise<readonly Descriptor[]> {
  const stop = new AbortController();
  const signal = copy.options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, copy.options.signal]);
  const stoppable = { ...copy, options: { ...copy.options, signal } };
  const results: Descriptor[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let position = next++; position < plan.layers.length; position = next++) {
      signal.throwIfAborted();
      results[position] = await copyLayer(stoppable, plan.layers[position] as PlannedLayer);
    }
  };
  const { source, sink } = copy;
  const atOnce = Math.min(sink.concurrency, source.concurrency ?? sink.concurrency, plan.layers.length);
  const workers = Array.from({ length: atOnce }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  return results;
}

async function copyLayer(copy: Copy, layer: PlannedLayer): Promise<Descriptor> {
  const key = `${layer.source.digest} ${layer.recompress?.to ?? ''}`;
  let blob = copy.blobs.get(key);
  if (blob === undefined) {
    blob = layer.recompress === undefined ? copyUnchanged(copy, layer) : copyRecompressed(copy, layer, layer.recompress);
    copy.blobs.set(key, blob);
  }
  const { digest, size } = await blob;
  if (layer.recompress === undefined) return { ...layer.source, mediaType: layer.mediaType };
  return { mediaType: layer.mediaType, digest, size };
}

async function copyUnchanged(copy: Copy, { source, diffId }: PlannedLayer): Promise<Descriptor> {
  await copyBlob(copy, {
    descriptor: source,
    kind: 'layer',
    ...(diffId === undefined ? {} : { diffId }),
    repositories: repositoriesOf(copy, source),
    open: () => openVerified(copy, source),
  });
  return source;
}

async function copyRecompressed(
  copy: Copy,
  layer: PlannedLayer,
  { from, to }: { from: Compression; to: Compression },
): Promise<Descriptor> {
  const { source, options } = copy;
  const diffId = layer.diffId ?? (layer.source.digest as string as NonNullable<PlannedLayer['diffId']>);
  const done: Descriptor = { mediaType: layer.mediaType, digest: diffId as string as Digest, size: layer.source.size };
  // Decompressing ends in a blob whose digest is known before.
  if (to === 'none' && (await copy.sink.hasBlob(done, signalOf(options)))) return done;
  const { recompressLayer } = await import('./recompress.js');
  const recompressed = await recompressLayer(openVerified(copy, layer.source), {
    from,
    to,
    diffId,
    origin: source.description,
    tempDir: options.tempDir,
    ...(options.compressionLevel === undefined ? {} : { level: options.compressionLevel }),
    ...signalOf(options),
  });
  try {
    const descriptor = { mediaType: layer.mediaType, digest: recompressed.digest, size: recompressed.size };
    const repositories = repositoriesOf(copy, descriptor);
    await copyBlob(copy, {
      descriptor,
      kind: 'layer',
      diffId,
      repositories,
      open: () => verify(recompressed.open(), descriptor, 'a temporary file'),
    });
    return descriptor;
  } finally {
    await recompressed.remove();
  }
}

async function copyBlob({ sink, options }: Copy, blob: IncomingBlob): Promise<void> {
  const { descriptor, kind } = blob;
  const report = (action: 'copying' | 'skipped' | 'done'): void =>
    options.reporter.report({ kind: 'transfer', action, what: kind, digest: descriptor.digest, sizeBytes: descriptor.size });
  if (await sink.hasBlob(descriptor, signalOf(options))) {
    report('skipped');
    return;
  }
  report('copying');
  await sink.writeBlob(blob, signalOf(options));
  report('done');
}

function repositoriesOf({ source }: Copy, blob: Descriptor): readonly RepositoryName[] {
  return source.repositoriesOf?.(blob) ?? [];
}

function openVerified({ source, options }: Copy, blob: Descriptor): AsyncIterable<Uint8Array> {
  return verify(source.openBlob(blob, signalOf(options)), blob, source.description);
}

function signalOf({ signal }: { readonly signal?: AbortSignal }): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
