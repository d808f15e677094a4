import type { NamedImage, Store } from '../store/index.js';
import { type Services, withStore } from './context.js';

/** One image of the store, with all its names. */
export interface ImageRow {
  /** Full names; empty for an image that lost its last one. */
  readonly names: readonly string[];
  /** Image ID: the hexadecimal digits of its config's digest. */
  readonly id: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  readonly created: Date | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of its manifest, config and layers as stored. */
  readonly sizeBytes: number;
}

export interface ListImagesOptions {
  /** Only images with a name that `text` stands for. */
  readonly filterName?: string;
}

/** The images of the store, the newest first. */
export async function listImages(options: ListImagesOptions, services: Services): Promise<readonly ImageRow[]> {
  return withStore(services, async (store) => {
    const byDigest = new Map<string, { descriptor: NamedImage['descriptor']; names: string[] }>();
    for (const { name, descriptor } of store.names.list()) {
      const entry = byDigest.get(descriptor.digest) ?? { descriptor, names: [] };
      if (name !== undefined) entry.names.push(name);
      byDigest.set(descriptor.digest, entry);
    }
    const rows = [...byDigest.values()].map((entry) => imageRow(store, entry.descriptor, entry.names));
    const wanted = options.filterName;
    const shown = wanted === undefined ? rows : rows.filter((row) => row.names.some((name) => namesMatch(name, wanted)));
    return shown.sort((a, b) => (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0));
  });
}

function imageRow(store: Store, descriptor: NamedImage['descriptor'], names: readonly string[]): ImageRow {
  const image = store.readImage(descriptor);
  const layerBytes = image.manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  return {
    names,
    id: image.imageId,
    digest: descriptor.digest,
    labels: image.config.config?.Labels ?? {},
    created: image.config.created === undefined ? undefined : new Date(image.config.created),
    sizeBytes: layerBytes + image.manifest.config.size + image.manifestBytes.length,
  };
}

/** `debian` matches `docker.io/library/debian:12` as well as `localhost/debian:latest`; with a tag, the tag must match too. */
function namesMatch(name: string, wanted: string): boolean {
  const repository = name.slice(0, name.lastIndexOf(':'));
  return name === wanted || repository === wanted || name.endsWith(`/${wanted}`) || repository.endsWith(`/${wanted}`);
}
