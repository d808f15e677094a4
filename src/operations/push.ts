import { writeFileSync } from 'node:fs';
import { locateImage } from '../config/index.js';
import {
  type Compression,
  type Descriptor,
  formatReference,
  hostPlatform,
  type ImageFormat,
  isIndexType,
  type Platform,
  parseReference,
  withDefaultTag,
} from '../image/index.js';
import { ImageNotFoundError, type Store } from '../store/index.js';
import { copyImage, type ImageSink, openSink, openStoreSource, parseTransport, type TransportName } from '../transports/index.js';
import { type Services, withStore } from './context.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { openSigned } from './signing/open-signed.js';
import type { SignOptions } from './signing/signing-sink.js';

export interface PushOptions extends RegistryOptions, SignOptions {
  /** Name or ID of an image of the store. */
  readonly image: string;
  /** `transport:rest` or an image name; left out: the image's own name. */
  readonly destination?: string | undefined;
  /** Left out: the image's own, or what the destination can hold. */
  readonly format?: ImageFormat | undefined;
  readonly compression?: { readonly format: Compression; readonly level?: number } | undefined;
  /** Also layers that are compressed in another way already. */
  readonly forceCompression?: boolean | undefined;
  readonly digestFile?: string | undefined;
  /** Of a list: also as images in these compressions. */
  readonly addCompression?: readonly Compression[] | undefined;
  /** The list alone: its images are at the destination already. */
  readonly indexOnly?: boolean | undefined;
  /** Take the name away here when the image is there; an image without another name goes. */
  readonly remove?: boolean | undefined;
}

export interface PushResult {
  /** Of the manifest at the destination. */
  readonly digest: string;
}

/** Copies an image of the store somewhere else. Layers are sent as they are stored; nothing is compressed unless it must be. */
export async function push(options: PushOptions, services: Services): Promise<PushResult> {
  return withStore(services, async (store) => {
    const pushed = await pushFrom(store, options, services);
    if (options.remove === true) {
      await store.removeImage(options.image, { force: false });
      await store.collect({ signal: services.signal });
    }
    return pushed;
  });
}

async function pushFrom(store: Store, options: PushOptions, services: Services): Promise<PushResult> {
  const release = await store.lockShared({ signal: services.signal });
  try {
    const image = store.names.resolve(options.image);
    if (image === undefined) throw new ImageNotFoundError(options.image);
    const access = new RegistryAccess(services, options);
    const destination = options.destination ?? image.name ?? options.image;
    const named = parseTransport(destination) ?? { kind: 'docker' as const, reference: destination };
    const { transport, insecure } = await resolveDestination(named, access);
    const source = openStoreSource(store, options.image);
    const open = (): Promise<ImageSink> => openSink(transport, access.transportServices(store, insecure));
    const sink = await openSigned(open, { asked: named, actual: transport }, options, services);
    try {
      const { descriptor } = await copyImage(source, sink, {
        platform: choosePlatform(options, sink, image.descriptor),
        addCompression: options.addCompression ?? [],
        ...(options.format === undefined ? {} : { format: options.format }),
        ...(options.compression === undefined ? {} : { compression: options.compression.format }),
        ...(options.compression?.level === undefined ? {} : { compressionLevel: options.compression.level }),
        forceCompression: options.forceCompression ?? false,
        tempDir: services.settings.tmpDir,
        reporter: services.reporter,
        signal: services.signal,
      });
      if (options.digestFile !== undefined) writeFileSync(options.digestFile, descriptor.digest);
      return { digest: descriptor.digest };
    } finally {
      await sink.close();
    }
  } finally {
    release();
  }
}

/** A name without a transport is pushed to its registry; mirrors are for pulling only. */
export async function resolveDestination(
  transport: TransportName,
  access: RegistryAccess,
): Promise<{ transport: TransportName; insecure: boolean | undefined }> {
  if (transport.kind !== 'docker') return { transport, insecure: undefined };
  const name = formatReference(withDefaultTag(parseReference(transport.reference)));
  const location = locateImage(await access.registries(), name).at(-1);
  return { transport: { ...transport, reference: location?.name ?? name }, insecure: location?.insecure };
}

/** All images of a list, where the destination can hold a list; else the one for this machine. */
function choosePlatform({ indexOnly }: PushOptions, sink: ImageSink, image: Descriptor): 'all' | 'index-only' | Platform {
  if (indexOnly === true) return 'index-only';
  return sink.acceptsIndex || !isIndexType(image.mediaType) ? 'all' : hostPlatform(process.arch);
}
