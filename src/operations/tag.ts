import { localName } from '../image/index.js';
import { ImageNotFoundError } from '../store/index.js';
import { type Services, withStore } from './context.js';

/** Gives the image `source` further names; a name that pointed elsewhere moves. */
export async function tagImage(options: { readonly source: string; readonly names: readonly string[] }, services: Services): Promise<void> {
  await withStore(services, async (store) => {
    const names = options.names.map(localName);
    const release = await store.lockShared({ signal: services.signal });
    try {
      const image = store.names.resolve(options.source);
      if (image === undefined) throw new ImageNotFoundError(options.source);
      await store.names.publish(names, image.descriptor);
    } finally {
      release();
    }
  });
}
