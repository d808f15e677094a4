import { type Descriptor, type DiffId, formatPlatform, type ImageConfig, isIndexType, parseIndex } from '../../image/index.js';
import { decompress } from '../../layers/index.js';
import type { Store, StoredImage } from '../../store/index.js';
import { compareLayers, type FileDifference } from './compare-layers.js';

/** A value that two images do not have alike; a text in place of one that is missing is empty. */
export interface ValueDifference {
  /** `created`, `history[2].created`, `annotations.org.example`, ... */
  readonly name: string;
  readonly first: string;
  readonly second: string;
}

export interface LayerDifference {
  /** From 1, the base's layers included. */
  readonly position: number;
  /** What made it, as the history says; empty when it does not. */
  readonly createdBy: string;
  /** Diff id; empty when the image has no such layer. */
  readonly first: string;
  readonly second: string;
  /** None: the same tar, compressed to other bytes. */
  readonly files: readonly FileDifference[];
}

export interface ImageDifferences {
  readonly values: readonly ValueDifference[];
  readonly layers: readonly LayerDifference[];
}

/** Tells in what two images of the store differ, down to their files. Both lists are empty when nothing does. */
export async function compareImages(first: Descriptor, second: Descriptor, store: Store): Promise<ImageDifferences> {
  if (first.digest === second.digest) return { values: [], layers: [] };
  if (isIndexType(first.mediaType) && isIndexType(second.mediaType)) return compareIndexes(first, second, store);
  const [one, other] = [store.readImage(first), store.readImage(second)];
  return {
    values: [
      ...compareValues(withoutLayers(one.config), withoutLayers(other.config)),
      ...compareValues({ annotations: one.manifest.annotations }, { annotations: other.manifest.annotations }),
    ],
    layers: await compareAllLayers(one, other, store),
  };
}

/** Image by image, as they stand in the indexes of two builds for the same platforms; each difference says for which. */
async function compareIndexes(first: Descriptor, second: Descriptor, store: Store): Promise<ImageDifferences> {
  const [one, other] = [parseIndex(store.blobs.readAll(first)).manifests, parseIndex(store.blobs.readAll(second)).manifests];
  const values: ValueDifference[] = [];
  const layers: LayerDifference[] = [];
  for (const [at, image] of one.entries()) {
    const counterpart = other[at];
    if (counterpart === undefined) continue;
    const place = image.platform === undefined ? '' : `${formatPlatform(image.platform)} `;
    const found = await compareImages(image, counterpart, store);
    values.push(...found.values.map((value) => ({ ...value, name: place + value.name })));
    layers.push(...found.layers.map((layer) => ({ ...layer, createdBy: place + layer.createdBy })));
  }
  return { values, layers };
}

async function compareAllLayers(first: StoredImage, second: StoredImage, store: Store): Promise<LayerDifference[]> {
  const makers = layerMakers(first.config);
  const count = Math.max(first.manifest.layers.length, second.manifest.layers.length);
  const found: LayerDifference[] = [];
  for (let at = 0; at < count; at++) {
    const [one, other] = [layerAt(first, at), layerAt(second, at)];
    if (one?.blob === other?.blob) continue;
    const files = one?.diffId === other?.diffId ? [] : await compareLayers(openLayer(one, store), openLayer(other, store));
    found.push({ position: at + 1, createdBy: makers[at] ?? '', first: one?.diffId ?? '', second: other?.diffId ?? '', files });
  }
  return found;
}

interface StoredLayer {
  readonly diffId: DiffId;
  readonly blob: string;
}

function layerAt({ config, manifest }: StoredImage, at: number): StoredLayer | undefined {
  const diffId = config.rootfs.diff_ids[at];
  const blob = manifest.layers[at]?.digest;
  return diffId === undefined || blob === undefined ? undefined : { diffId, blob };
}

async function* openLayer(layer: StoredLayer | undefined, store: Store): AsyncGenerator<Uint8Array> {
  const blob = layer === undefined ? undefined : store.layers.get(layer.diffId)?.blobs.find(({ digest }) => digest === layer.blob);
  if (blob !== undefined) yield* decompress(store.blobs.open(blob), blob.compression);
}

/** What made each layer, base first. */
function layerMakers({ history }: ImageConfig): readonly string[] {
  return (history ?? []).filter((entry) => entry.empty_layer !== true).map((entry) => entry.created_by ?? '');
}

/** The configuration but for its diff ids: layers are told apart by their files. */
function withoutLayers({ rootfs: _, ...config }: ImageConfig): object {
  return config;
}

function compareValues(first: object, second: object): ValueDifference[] {
  const [one, other] = [leaves(first, ''), leaves(second, '')];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return names.flatMap((name): ValueDifference[] => {
    const [before, after] = [one.get(name) ?? '', other.get(name) ?? ''];
    return before === after ? [] : [{ name, first: before, second: after }];
  });
}

/** Every value by its path. */
function leaves(value: unknown, path: string): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map(value === undefined ? [] : [[path, String(value)]]);
  const below = Object.entries(value).map(([key, member]) => {
    const step = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`;
    return [...leaves(member, path + step)];
  });
  return new Map(below.flat());
}
