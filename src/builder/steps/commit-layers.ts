import { closeSync } from 'node:fs';
import { EMPTY_LAYER } from '../../layers/index.js';
import type { WorkingLayer } from '../../snapshots/index.js';
import type { LayerIdentity } from './layer-state.js';
import { isChanged, openDirectory, storeEmptyLayer, writeToBlob } from './seal-layer.js';
import type { Toolbox } from './toolbox.js';

/** What the root directory of a layer without an entry for it is. */
const PLAIN_ROOT = { mode: 0o755, uid: 0, gid: 0 };

/**
 * What a working layer changes, as a layer of the store. Its files stay where and as they are; nobody may write to them meanwhile.
 *
 * @param lowers the directories below it, top first
 */
export async function commitUpper(working: WorkingLayer, lowers: readonly string[], toolbox: Toolbox): Promise<LayerIdentity> {
  const changes = await toolbox.snapshots.changes(lowers, working);
  const parentRoot = toolbox.snapshots.rootAttributes(lowers);
  const upper = openDirectory(working.upper);
  if (!isChanged({ working, changes }, upper, parentRoot, toolbox)) {
    closeSync(upper);
    await storeEmptyLayer(toolbox);
    const { diffId, contentDigest } = EMPTY_LAYER;
    return { diffId, contentDigest, empty: true };
  }
  const { hashed, stored } = await writeToBlob(upper, lowers.map(openDirectory), parentRoot, toolbox, { entries: changes });
  const [identity] = await Promise.all([hashed, stored]);
  return identity;
}

/** Everything that `lowers` (top first) show together, as one layer on nothing. */
export async function commitWhole(lowers: readonly string[], toolbox: Toolbox): Promise<LayerIdentity> {
  const merged = await toolbox.snapshots.openMerged(lowers);
  const { hashed, stored } = await writeToBlob(merged, [], PLAIN_ROOT, toolbox);
  const [identity] = await Promise.all([hashed, stored]);
  return identity;
}
