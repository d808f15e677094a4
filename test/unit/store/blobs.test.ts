import { join } from 'node:path';
import { openStore } from '../../../src/store/index.js';
import { blobStoreContract } from '../../contract/blob-store.js';
import { withTempDir } from '../../support/temp-dir.js';

blobStoreContract('blobs of the store', (body) =>
  withTempDir(async (directory) => {
    const store = await openStore({ root: join(directory, 'root'), runRoot: join(directory, 'run') });
    try {
      await body(store.blobs);
    } finally {
      await store.close();
    }
  }),
);
