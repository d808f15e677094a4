import type { DiffId } from '../../image/index.js';
import { sha256Hex } from '../../sha256.js';
import type { LayerSource, SnapshotDriver, WorkingLayer } from '../../snapshots/index.js';
import type { LayerIdentity, LayerState } from './layer-state.js';

/** A root file system as a stack of layers, base first: what every step gives to the next. */
export interface RootState {
  readonly layers: readonly LayerState[];
  /** True when the step that gave this state added the last layer; a WORKDIR that existed adds none. */
  readonly addedLayer: boolean;
  /** Without layers (`--layers=false`): where the stage's steps write, all into one. */
  readonly open?: WorkingLayer;
  /** When the outcome was produced first, RFC 3339; for the history of an image built from the cache. */
  readonly createdAt?: string;
}

/** Digest over what the file system holds, without mtimes. Waits until every layer is hashed. */
export async function contentOf(root: RootState): Promise<string> {
  return contentOfLayers(await Promise.all(root.layers.map((layer) => layer.identity)));
}

/** As {@link contentOf}, of layers that are hashed. */
export function contentOfLayers(layers: readonly LayerIdentity[]): string {
  const lines = layers.filter((layer) => !layer.empty).map((layer) => `${layer.contentDigest}\n`);
  return `sha256:${sha256Hex(`tsbuild root 1\n${lines.join('')}`)}`;
}

/** Diff ids, base first. Waits until every layer is hashed. */
export async function diffIdsOf(root: RootState): Promise<DiffId[]> {
  return (await Promise.all(root.layers.map((layer) => layer.identity))).map((identity) => identity.diffId);
}

/**
 * Runs `body` with the directories of the root's layers, top first, extracted where they were not. The paths stay valid until it ends.
 */
export async function withLowers<T>(
  root: RootState,
  snapshots: SnapshotDriver,
  options: { readonly signal?: AbortSignal },
  body: (lowers: readonly string[]) => Promise<T>,
): Promise<T> {
  const known = countPublished(root);
  const below = root.layers.slice(0, known);
  const holds: (() => void)[] = [];
  const files = root.layers.slice(known).map((layer) => {
    const unpublished = layer.files!;
    holds.push(unpublished.hold());
    return unpublished.working.upper;
  });
  try {
    const sources: LayerSource[] = await Promise.all(
      below.map(async (layer) => {
        const { diffId } = await layer.identity;
        // Without files it is extracted from its blob, which may be on its way.
        await (layer.files === undefined ? layer.stored : layer.files.whenPublished);
        return { diffId };
      }),
    );
    await snapshots.ensure(sources, options);
    const lowers = snapshots.lowers(sources.map((source) => source.diffId));
    return await body([...files.reverse(), ...(files.length > 0 && known === 0 ? [] : lowers)]);
  } finally {
    for (const release of holds) release();
  }
}

/** Whether the files of all its layers are there: nobody has to wait for a blob to see them. */
export async function isExtracted(root: RootState, snapshots: SnapshotDriver): Promise<boolean> {
  const below = root.layers.slice(0, countPublished(root));
  return snapshots.has(await diffIdsOf({ ...root, layers: below }));
}

/** Layers that only this process has lie on top of those that are, or can be made, snapshots of the store. */
function countPublished({ layers }: RootState): number {
  let known = layers.length;
  while (known > 0 && isUnpublished(layers[known - 1])) known--;
  return known;
}

/** Its files have no place in the store yet. */
export function isUnpublished(layer: LayerState | undefined): boolean {
  return layer?.files !== undefined && !layer.files.published;
}
