import { join } from 'node:path';
import { openStore, type Store, type StoreOptions } from '../../../src/store/index.js';
import { withTempDir } from '../../support/temp-dir.js';

/** Run `body` with a store in an empty directory. */
export async function withStore(
  body: (store: Store, directory: string) => Promise<void>,
  options: Partial<StoreOptions> = {},
): Promise<void> {
  await withTempDir(async (directory) => {
    const store = await openStore({ root: join(directory, 'root'), runRoot: join(directory, 'run'), ...options });
    try {
      await body(store, directory);
    } finally {
      await store.close();
    }
  });
}
