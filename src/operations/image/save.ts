import { UsageError } from '../../errors.js';
import { hostPlatform, isIndexType, localName, type Platform } from '../../image/index.js';
import { ImageNotFoundError, type NamedImage, type Store } from '../../store/index.js';
import { copyImage, type ImageSink, openDockerArchive, openSink, openStoreImage, type TransportName } from '../../transports/index.js';
import { type Services, withStore } from '../context.js';
import { RegistryAccess } from '../registry-access.js';

export type SaveFormat = 'docker-archive' | 'oci-archive' | 'docker-dir' | 'oci-dir';

export interface SaveOptions {
  /** An image and further names for it; with `multi`, images. */
  readonly images: readonly string[];
  readonly format: SaveFormat;
  /** File or directory. */
  readonly output: string;
  /** Each of `images` is an image of its own. */
  readonly multi: boolean;
  /** Layers in a directory: compressed, or left as they are. */
  readonly compress: boolean;
  /** Layers in an OCI archive that are not compressed stay so. */
  readonly acceptUncompressed: boolean;
}

/** Writes images of the store to a file or directory that `load`, podman and Docker read. @throws {ImageNotFoundError} before anything is written */
export async function saveImages(options: SaveOptions, services: Services): Promise<void> {
  if (options.multi && options.format !== 'docker-archive')
    throw new UsageError('--multi-image-archive is only supported for docker-archive');
  await withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      const [first, ...more] = options.images;
      if (first === undefined) throw new UsageError('need at least 1 argument');
      if (options.format === 'docker-archive') await saveDockerArchive(options, store, services);
      else if (more.length > 0) throw new UsageError(`further names are only kept in a docker-archive, not in ${options.format}`);
      else await saveElsewhere(find(first, store), options, store, services);
    } finally {
      release();
    }
  });
}

async function saveDockerArchive({ images, output, multi }: SaveOptions, store: Store, services: Services): Promise<void> {
  const found = multi ? images.map((name) => withNames(name, [], store)) : [withNames(images[0] ?? '', images.slice(1), store)];
  const archive = await openDockerArchive(output);
  try {
    for (const { image, names } of found) await copyTo(archive.sink(names), image, store, services);
    await archive.finish();
  } finally {
    await archive.close();
  }
}

/** The image with the name it was found under, which is none when that is its ID, and further names. */
function withNames(
  text: string,
  further: readonly string[],
  store: Store,
): { readonly image: NamedImage; readonly names: readonly string[] } {
  const image = find(text, store);
  return { image, names: [...(image.name === undefined ? [] : [image.name]), ...further.map(localName)] };
}

async function saveElsewhere(image: NamedImage, options: SaveOptions, store: Store, services: Services): Promise<void> {
  const { output, format } = options;
  const reference = image.name === undefined ? {} : { reference: image.name };
  const place: TransportName =
    format === 'oci-archive' ? { kind: 'oci-archive', path: output, ...reference } : { kind: 'dir', path: output };
  const sink = await openSink(place, new RegistryAccess(services, {}).transportServices(store));
  const layers =
    format === 'oci-archive' ? (options.acceptUncompressed ? 'preserve' : sink.layers) : options.compress ? 'compress' : sink.layers;
  const own = { ...sink, layers };
  try {
    await copyTo(own, image, store, services, format === 'docker-dir' ? 'docker' : 'oci');
  } finally {
    await sink.close();
  }
}

async function copyTo(sink: ImageSink, image: NamedImage, store: Store, services: Services, format?: 'oci' | 'docker'): Promise<void> {
  const source = openStoreImage(store, image.descriptor, { description: image.name ?? image.descriptor.digest });
  await copyImage(source, sink, {
    platform: platformFor(image, sink),
    ...(format === undefined ? {} : { format }),
    tempDir: services.settings.tmpDir,
    reporter: services.reporter,
    signal: services.signal,
  });
}

function platformFor({ descriptor }: NamedImage, sink: ImageSink): Platform | 'all' {
  return sink.acceptsIndex || !isIndexType(descriptor.mediaType) ? 'all' : hostPlatform(process.arch);
}

function find(name: string, store: Store): NamedImage {
  const found = store.names.resolve(name);
  if (found === undefined) throw new ImageNotFoundError(name);
  return found;
}
