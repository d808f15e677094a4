export type { LayerEntry, RootAttributes } from '../layers/index.js';
export { chooseDriver } from './choose-driver.js';
export { openSnapshots, type SnapshotOptions } from './open-snapshots.js';
export { type CopyShift, type Shift, withShift } from './shift.js';
export { copyShifted, copyVerbatim, ownerOutside, shiftOwners } from './shifted-tree.js';
export type { LayerSource, MountedRoot, SnapshotDriver, StorageDriver, WorkingLayer } from './snapshot-driver.js';
export { tryOverlay } from './try-overlay.js';
export { type CommandRoot, withRootfs } from './with-rootfs.js';
