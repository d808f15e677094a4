import { UsageError } from '../errors.js';
import type { Store } from '../store/index.js';
import { type Services, withStore } from './context.js';

export interface RemoveImagesOptions {
  readonly names: readonly string[];
  /** Every image there is. */
  readonly all: boolean;
  /** Also images that working containers were made from, and by ID those with several names. */
  readonly force: boolean;
  /** Only images without a name. */
  readonly prune: boolean;
}

export interface RemoveImagesResult {
  readonly untagged: readonly string[];
  /** Image IDs. */
  readonly deleted: readonly string[];
  /** What could not be removed; the others are gone all the same. */
  readonly failures: readonly Error[];
}

/** Removes images and frees what nothing else uses. */
export async function removeImages(options: RemoveImagesOptions, services: Services): Promise<RemoveImagesResult> {
  if (options.all && options.prune) throw new UsageError('--all and --prune exclude each other');
  if ((options.all || options.prune) && options.names.length > 0)
    throw new UsageError(`when using the --${options.all ? 'all' : 'prune'} switch, you may not pass any images names or IDs`);
  if (!options.all && !options.prune && options.names.length === 0) throw new UsageError('Name at least one image, or give --all');
  return withStore(services, async (store) => {
    const untagged: string[] = [];
    const deleted: string[] = [];
    const failures: Error[] = [];
    for (const target of targets(options, store)) {
      try {
        const result = await store.removeImage(target, { force: options.force });
        untagged.push(...result.untagged);
        if (result.deleted !== undefined) deleted.push(result.deleted);
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    if (untagged.length > 0 || deleted.length > 0) await store.collect({ signal: services.signal });
    return { untagged, deleted, failures };
  });
}

function targets(options: RemoveImagesOptions, store: Store): readonly string[] {
  if (!options.all && !options.prune) return options.names;
  const images = store.names.list().filter((image) => options.all || image.name === undefined);
  return [...new Set(images.map((image) => (options.all ? (image.name ?? image.descriptor.digest) : image.descriptor.digest)))];
}
