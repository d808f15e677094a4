import { type DiffId, layerMediaType } from '../../image/index.js';
import { EMPTY_LAYER } from '../../layers/index.js';
import type { LayerSource, SnapshotDriver } from '../../snapshots/index.js';
import type { RemoteLayers } from './remote-layers.js';

/** The same snapshots; layers that must be extracted and are elsewhere are fetched, and extracted while they come. */
export function fetchingSnapshots(snapshots: SnapshotDriver, remote: RemoteLayers): SnapshotDriver {
  return {
    ...snapshots,
    async ensure(layers, options) {
      const chain = layers.map(({ diffId }) => diffId);
      if (!chain.some((diffId) => remote.isElsewhere(diffId)) || snapshots.has(chain)) return snapshots.ensure(layers, options);
      const extracted: DiffId[] = [];
      const isMissing = (diffId: DiffId, position: number): boolean =>
        diffId !== EMPTY_LAYER.diffId && !snapshots.has(chain.slice(0, position + 1));
      // All at once, also for a driver that extracts one after the other.
      remote.prefetch(chain.filter(isMissing));
      try {
        await snapshots.ensure(
          layers.map((layer) => arriving(layer, remote, extracted)),
          options,
        );
      } catch (error) {
        options?.signal?.throwIfAborted();
        const missing = chain.filter((diffId, position) => isMissing(diffId, position) && remote.isElsewhere(diffId));
        if (!missing.some((diffId) => remote.hasChoice(diffId))) {
          remote.noteFailure(error, missing);
          throw error;
        }
        // A source did not give what it promised: whole layers from whoever has them, and one more try.
        await remote.fetch(missing, options?.signal);
        return snapshots.ensure(layers, options);
      }
      // Each was held to its diff id.
      await remote.confirm(extracted);
    },
  };
}

function arriving(layer: LayerSource, remote: RemoteLayers, extracted: DiffId[]): LayerSource {
  const offered = remote.find(layer.diffId);
  if (offered === undefined || !remote.isElsewhere(layer.diffId)) return layer;
  const { digest, size, compression } = offered;
  return {
    diffId: layer.diffId,
    descriptor: { mediaType: layerMediaType(compression, 'oci'), digest, size },
    arriving: () => {
      extracted.push(layer.diffId);
      return remote.arriving(layer.diffId);
    },
  };
}
