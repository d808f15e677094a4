import type { Descriptor, ImageFormat } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { copyImage, openSink, openStoreSource, type TransportName } from '../../transports/index.js';
import type { Services } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import type { OutputCompression } from './build-output.js';

export interface ImageExport {
  /** An image the store's index has. */
  readonly descriptor: Descriptor;
  readonly store: Store;
  readonly access: RegistryAccess;
  readonly compression: OutputCompression;
  readonly format?: ImageFormat | undefined;
  /** Whether the registry may be one without certificates, as its configuration says. */
  readonly insecure?: boolean | undefined;
}

/** Copies an image of the store somewhere else. */
export async function exportImage(destination: TransportName, options: ImageExport, services: Services): Promise<Descriptor> {
  const { store, descriptor, format, compression } = options;
  const source = openStoreSource(store, descriptor.digest);
  const sink = await openSink(destination, options.access.transportServices(store, options.insecure));
  try {
    const copied = await copyImage(source, sink, {
      platform: 'all',
      ...(format === undefined ? {} : { format }),
      ...(compression.compression === undefined ? {} : { compression: compression.compression }),
      ...(compression.level === undefined ? {} : { compressionLevel: compression.level }),
      forceCompression: compression.force,
      tempDir: services.settings.tmpDir,
      reporter: services.reporter,
      signal: services.signal,
    });
    return copied.descriptor;
  } finally {
    await sink.close();
  }
}
