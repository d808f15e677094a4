export type { LayerEntry, RootAttributes } from '../layers/index.js';
export { chooseDriver } from './choose-driver.js';
export { openSnapshots, type SnapshotOptions } from './open-snapshots.js';
export type { Shift } from './shift.js';
export type { LayerSource, MountedRoot, SnapshotDriver, StorageDriver, WorkingLayer } from './snapshot-driver.js';
export { tryOverlay } from './try-overlay.js';
