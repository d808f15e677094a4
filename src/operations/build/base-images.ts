import type { Stage } from '../../builder/graph/index.js';
import { knownLayer, type LayerState } from '../../builder/steps/index.js';
import { type ContentDigest, formatPlatform, type ImageConfig, layerCompression, matchPlatform, type Platform } from '../../image/index.js';
import { EMPTY_LAYER } from '../../layers/index.js';
import type { Store, StoredImage } from '../../store/index.js';
import { recordLayer } from '../../transports/index.js';
import { type ImageSearch, type ObtainedImage, obtainImage, type PullPolicy } from '../pull.js';
import { SourceGate } from './source-gate.js';

/** An image that a build reads from. Its layers are in the store or offered by its registry; nothing of it need be extracted yet. */
export interface BaseImage {
  /** Full name; undefined for one given by ID or path. */
  readonly name: string | undefined;
  /** Of the manifest. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly LayerState[];
}

/** An image that a stage is built on. */
export interface StageImage extends BaseImage {
  /** The stage whose FROM names it. */
  readonly stage: Stage;
}

/** The images a build names, each obtained once. */
export class BaseImages {
  readonly #found = new Map<string, Promise<BaseImage>>();
  /** Those that have no name here before all their layers are. */
  readonly #offered: ObtainedImage[] = [];

  constructor(
    readonly search: ImageSearch,
    readonly policy: PullPolicy,
    /** Platforms for which an image of the store for another one will not do. */
    readonly isExact: (platform: Platform) => boolean = () => false,
    readonly gate: SourceGate = new SourceGate(undefined),
  ) {}

  get(reference: string, platform: Platform): Promise<BaseImage> {
    const key = `${reference} ${formatPlatform(platform)}`;
    let image = this.#found.get(key);
    if (image === undefined) {
      image = this.#obtain(reference, platform);
      this.#found.set(key, image);
    }
    return image;
  }

  /** The image if the build has come to need it and it was obtained. */
  async known(reference: string, platform: Platform): Promise<BaseImage | undefined> {
    return this.#found.get(`${reference} ${formatPlatform(platform)}`)?.catch(() => undefined);
  }

  /**
   * Gives those images their names that are complete: because a step saw their files, or because the image that was built stands on them.
   * Each layer was held to its diff id.
   */
  async publish(): Promise<void> {
    const { layers: records } = this.search.store;
    const isHere = ({ layers }: ObtainedImage): boolean =>
      layers.every(({ diffId, digest }) => records.get(diffId)?.blobs.some((blob) => blob.digest === digest) === true);
    for (const image of this.#offered.filter(isHere)) await image.publish();
  }

  async #obtain(asked: string, platform: Platform): Promise<BaseImage> {
    const { store, services } = this.search;
    const reference = this.gate.image(asked, store);
    const request = { image: reference, policy: this.policy, platform, exactPlatform: this.isExact(platform) };
    const named = await obtainImage(request, this.search);
    const instead = this.gate.found(named, reference, store);
    if (instead !== undefined) return this.get(instead, platform);
    if (named.layers.length > 0) this.#offered.push(named);
    const image = store.readImage(named.descriptor, platform);
    if (matchPlatform(platform, image.config) === undefined) {
      const text = `${reference} is for ${formatPlatform(image.config)}, not for ${formatPlatform(platform)}`;
      services.reporter.report({ kind: 'warning', text });
    }
    await recallLayers(image, store);
    return {
      name: named.name,
      digest: image.manifestDescriptor.digest,
      config: image.config,
      annotations: image.manifest.annotations ?? {},
      layers: image.config.rootfs.diff_ids.map(layerOf),
    };
  }
}

/**
 * A record of a layer is lost by a power failure that comes too soon, and there is none where another image brought the blob as a layer of
 * another diff id.
 *
 * @throws {DigestMismatchError} the blob is not the layer that the image says
 */
async function recallLayers({ manifest, config }: StoredImage, store: Store): Promise<void> {
  for (const [position, diffId] of config.rootfs.diff_ids.entries()) {
    if ((store.layers.get(diffId)?.blobs.length ?? 0) > 0) continue;
    const { digest, size, mediaType } = manifest.layers[position] ?? {};
    const compression = layerCompression(mediaType ?? '');
    if (digest === undefined || size === undefined || compression === undefined || !store.blobs.has(digest, size)) continue;
    await recordLayer(store, { diffId, blobs: [{ digest, size, compression }] });
  }
}

/**
 * A layer of an image names its content by its diff id: a content digest would be known only once it is extracted, and a key must not
 * depend on whether that has happened.
 */
function layerOf(diffId: ImageConfig['rootfs']['diff_ids'][number]): LayerState {
  return knownLayer({ diffId, contentDigest: diffId as string as ContentDigest, empty: diffId === EMPTY_LAYER.diffId });
}
