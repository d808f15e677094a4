import { completeHistory, type DiffId } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import { findImage, layerSizes, readableImages } from './find-image.js';

/** What one instruction did. */
export interface HistoryRow {
  /** Image ID, or undefined where this store has no image that ends with it. */
  readonly id: string | undefined;
  readonly created: Date | undefined;
  readonly createdBy: string;
  readonly comment: string;
  /** Bytes of its layer; 0 if it made none. */
  readonly sizeBytes: number;
  /** Names of the image that ends with it. */
  readonly tags: readonly string[];
}

/** The history of an image, the latest first. @throws {ImageNotFoundError} */
export async function imageHistory(name: string, services: Services): Promise<readonly HistoryRow[]> {
  return withStore(services, async (store) => {
    const image = findImage(name, store);
    const entries = completeHistory(image.config);
    const diffIds = image.config.rootfs.diff_ids;
    const sizes = layerSizes(image, store);
    const known = imagesByEnd(store);
    let layers = 0;
    const rows = entries.map((entry, position): HistoryRow => {
      const sizeBytes = entry.empty_layer === true ? 0 : (sizes[layers++] ?? 0);
      const isLast = position === entries.length - 1;
      const ended = known.get(endKey(diffIds.slice(0, layers), position + 1));
      return {
        id: isLast ? image.imageId : ended?.id,
        created: entry.created === undefined ? undefined : new Date(entry.created),
        createdBy: entry.created_by ?? '',
        comment: entry.comment ?? '',
        sizeBytes,
        tags: isLast ? image.names : (ended?.tags ?? []),
      };
    });
    return rows.reverse();
  });
}

/** Images by where a longer history may have them inside: their layers, and how many entries they have. */
function imagesByEnd(store: Store): ReadonlyMap<string, { readonly id: string; readonly tags: readonly string[] }> {
  return new Map(
    readableImages(store).map(({ config, imageId, names }) => {
      return [endKey(config.rootfs.diff_ids, completeHistory(config).length), { id: imageId, tags: names }];
    }),
  );
}

function endKey(diffIds: readonly DiffId[], entries: number): string {
  return `${entries} ${diffIds.join(' ')}`;
}
