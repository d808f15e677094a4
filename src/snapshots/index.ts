export type { RootAttributes } from '../layers/index.js';
export { openSnapshots, type SnapshotOptions } from './overlay-driver.js';
export type { LayerSource, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
