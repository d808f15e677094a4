export type { LayerSource, RootAttributes, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
