import { writeFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import {
  type Compression,
  formatReference,
  hostPlatform,
  type ImageFormat,
  isIndexType,
  parsePlatform,
  parseReference,
  withDefaultTag,
} from '../image/index.js';
import type { Store } from '../store/index.js';
import {
  type CopyImageResult,
  copyImage,
  type ImageSink,
  openSink,
  parseTransport,
  readSourceManifest,
  type SinkExtras,
  type SourceExtras,
  type TransportName,
} from '../transports/index.js';
import { openAllowedSource } from './allowed-source.js';
import { type Services, withStore } from './context.js';
import { atRegistries } from './pull.js';
import { resolveDestination } from './push.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { openSigned } from './signing/open-signed.js';
import type { SignOptions } from './signing/signing-sink.js';

export interface CopyBetweenOptions extends SignOptions {
  /** `transport:rest`. */
  readonly source: string;
  readonly destination: string;
  readonly sourceAccess: RegistryOptions;
  readonly destinationAccess: RegistryOptions;
  readonly sourceExtras: SourceExtras;
  readonly destinationExtras: SinkExtras;
  /** Of a list: the image for one platform, all of it, or the list alone. */
  readonly multiArch: 'system' | 'all' | 'index-only';
  readonly platform?: string | undefined;
  readonly format?: ImageFormat | undefined;
  readonly compression?: Compression | undefined;
  readonly compressionLevel?: number | undefined;
  readonly forceCompression?: boolean | undefined;
  readonly preserveDigests?: boolean | undefined;
  /** What becomes of layers at a destination that takes them in any form; left out: what is customary there. */
  readonly layers?: ImageSink['layers'] | undefined;
  /** Blobs at the same time, at most. */
  readonly parallelCopies?: number | undefined;
  readonly digestFile?: string | undefined;
}

/** Copies an image, or a list of images, from any place to any other; the store is one of them. */
export async function copyBetween(options: CopyBetweenOptions, services: Services): Promise<CopyImageResult> {
  const source = placeOf(options.source, 'source');
  const destination = placeOf(options.destination, 'destination');
  return withStore(services, async (store) => {
    const release = await store.lockShared({ signal: services.signal });
    try {
      const copied = await copyFrom(source, destination, store, options, services);
      if (options.digestFile !== undefined) writeFileSync(options.digestFile, copied.descriptor.digest);
      return copied;
    } finally {
      release();
    }
  });
}

/** A name alone could mean an image of the store or one of a registry. */
function placeOf(text: string, role: 'source' | 'destination'): TransportName {
  const place = parseTransport(text);
  if (place !== undefined) return place;
  throw new UsageError(`Invalid ${role} name ${text}: it does not begin with the name of a transport`, {
    hint: `Write containers-storage:${text} for this store, or docker://${text} for a registry`,
  });
}

async function copyFrom(
  source: TransportName,
  destination: TransportName,
  store: Store,
  options: CopyBetweenOptions,
  services: Services,
): Promise<CopyImageResult> {
  const access = new RegistryAccess(services, options.sourceAccess);
  const copy = async (place: TransportName, insecure?: boolean, askedName?: string): Promise<CopyImageResult> => {
    const extras = options.sourceExtras;
    const listAlone = options.multiArch === 'index-only';
    const opened = await openAllowedSource(place, { store, access, services, insecure, askedName, extras, listAlone });
    try {
      const sink = await openDestination(destination, store, options, services);
      try {
        if (destination.kind === 'docker') await demandSameDigest(destination.reference, opened, services);
        return await copyImage(opened, sink, wishesOf(options, destination, services));
      } finally {
        await sink.close();
      }
    } finally {
      await opened.close();
    }
  };
  if (source.kind !== 'docker') return copy(source);
  const name = formatReference(withDefaultTag(parseReference(source.reference)));
  return atRegistries(name, access, services, (place, full, insecure) => copy(place, insecure, full));
}

async function openDestination(
  destination: TransportName,
  store: Store,
  options: CopyBetweenOptions,
  services: Services,
): Promise<ImageSink> {
  const access = new RegistryAccess(services, options.destinationAccess);
  const { transport, insecure } = await resolveDestination(destination, access);
  const open = (): Promise<ImageSink> => openSink(transport, access.transportServices(store, insecure), options.destinationExtras);
  const sink = await openSigned(open, { asked: destination, actual: transport }, options, services);
  return {
    ...sink,
    layers: options.layers ?? sink.layers,
    concurrency: Math.min(sink.concurrency, options.parallelCopies ?? sink.concurrency),
  };
}

/** Under a digest only what has it can be kept: said before anything is sent. */
async function demandSameDigest(reference: string, source: Parameters<typeof readSourceManifest>[0], { signal }: Services): Promise<void> {
  const { digest } = parseReference(reference);
  if (digest === undefined) return;
  const top = await readSourceManifest(source, undefined, { signal });
  if (top.digest !== digest && !isIndexType(top.mediaType))
    throw new UsageError(`Cannot copy to docker://${reference}: the digest of the image is ${top.digest}`);
}

function wishesOf(options: CopyBetweenOptions, destination: TransportName, services: Services): Parameters<typeof copyImage>[2] {
  const platform = options.platform === undefined ? hostPlatform(process.arch) : parsePlatform(options.platform);
  const hasDigest = destination.kind === 'docker' && parseReference(destination.reference).digest !== undefined;
  return {
    platform: options.multiArch === 'system' ? platform : options.multiArch,
    preserveDigests: options.preserveDigests === true || hasDigest,
    forceCompression: options.forceCompression ?? false,
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.compression === undefined ? {} : { compression: options.compression }),
    ...(options.compressionLevel === undefined ? {} : { compressionLevel: options.compressionLevel }),
    tempDir: services.settings.tmpDir,
    reporter: services.reporter,
    signal: services.signal,
  };
}
