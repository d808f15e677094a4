import type { Descriptor, ImageFormat } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { copyImage, openSink, openStoreImage, type TransportName } from '../../transports/index.js';
import type { Services } from '../context.js';
import type { RegistryAccess } from '../registry-access.js';
import type { RemoteLayers } from '../remote/remote-layers.js';
import type { OutputCompression } from './build-output.js';

export interface ImageExport {
  /** A finished image; its layers are in the store, or with `remote`. */
  readonly descriptor: Descriptor;
  readonly store: Store;
  readonly remote: RemoteLayers;
  readonly access: RegistryAccess;
  readonly compression: OutputCompression;
  readonly format?: ImageFormat | undefined;
  /** Whether the registry may be one without certificates, as its configuration says. */
  readonly insecure?: boolean | undefined;
}

/** Copies an image of the store somewhere else. */
export async function exportImage(destination: TransportName, options: ImageExport, services: Services): Promise<Descriptor> {
  const { store, descriptor, format, compression } = options;
  const source = openStoreImage(store, descriptor, { description: descriptor.digest, elsewhere: options.remote });
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
