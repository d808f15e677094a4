import type { StoreUsage } from '../../store/index.js';
import { type Services, withStore } from '../context.js';

/** What takes space in the store. Sizes are those files say of themselves. Of the cache, what instructions gave or what takes space. */
export async function storeUsage(services: Services): Promise<StoreUsage> {
  const usage = await withStore(services, (store) => store.measure());
  // Times of images, digests of sources and the like are noted beside the outcomes of steps: no instruction's, and they take nothing.
  return { ...usage, cache: usage.cache.filter(({ text, sizeBytes }) => text !== '' || sizeBytes > 0) };
}
