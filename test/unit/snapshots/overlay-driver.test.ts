import { openOverlaySnapshots } from '../../../src/snapshots/overlay-driver.js';
import { snapshotDriverContract } from '../../contract/snapshot-driver.js';
import { withStore } from '../store/with-store.js';

for (const userxattr of [true, false]) {
  snapshotDriverContract(`overlay snapshots, ${userxattr ? 'user' : 'trusted'} attributes`, (body) =>
    withStore(async (store) => await body(openOverlaySnapshots(store, { userxattr }), store)),
  );
}
