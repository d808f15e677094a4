export { type OverlayDriverOptions, openOverlayDriver } from './overlay-driver.js';
export type { LayerSource, RootAttributes, SnapshotDriver, WorkingLayer } from './snapshot-driver.js';
