import type { ImageSink } from '../../transports/index.js';
import type { Services } from '../context.js';
import type { SignedDestination, SignOptions } from './signing-sink.js';

/** The sink that `open` gives, which signs where that is asked for. The caller closes it. @throws {SigningError} {GpgError} {SettingsError} */
export async function openSigned(
  open: () => Promise<ImageSink>,
  destination: SignedDestination,
  options: SignOptions,
  services: Services,
): Promise<ImageSink> {
  const sink = await open();
  const { signBy } = options;
  if (signBy === undefined) return sink;
  // Loaded here, because next to nobody signs.
  const { signingSink } = await import('./signing-sink.js');
  try {
    return await signingSink(sink, destination, { ...options, signBy }, services);
  } catch (error) {
    await sink.close();
    throw error;
  }
}
