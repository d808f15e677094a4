import type { StoreUsage } from '../../store/index.js';
import { type Services, withStore } from '../context.js';

/** What takes space in the store. Sizes are those files say of themselves. */
export function storeUsage(services: Services): Promise<StoreUsage> {
  return withStore(services, (store) => store.measure());
}
