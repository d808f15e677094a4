import { openCopySnapshots } from '../../../src/snapshots/copy-driver.js';
import { snapshotDriverContract } from '../../contract/snapshot-driver.js';
import { withStore } from '../store/with-store.js';

snapshotDriverContract('copied snapshots', (body) => withStore(async (store) => await body(openCopySnapshots(store), store)));
