import { knownLayer, type LayerState } from '../../builder/steps/index.js';
import { type ContentDigest, formatPlatform, type ImageConfig, matchPlatform, type Platform } from '../../image/index.js';
import { EMPTY_LAYER } from '../../layers/index.js';
import type { Store } from '../../store/index.js';
import type { Services } from '../context.js';
import { obtainImage, type PullPolicy } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';
import { SourceGate } from './source-gate.js';

/** An image that a build reads from. Its layers are in the store as blobs; nothing of it is extracted yet. */
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

/** The images a build names, each obtained once. */
export class BaseImages {
  readonly #found = new Map<string, Promise<BaseImage>>();

  constructor(
    readonly store: Store,
    readonly access: RegistryAccess,
    readonly policy: PullPolicy,
    readonly services: Services,
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

  async #obtain(asked: string, platform: Platform): Promise<BaseImage> {
    const reference = this.gate.image(asked, this.store);
    const named = await obtainImage(
      { image: reference, policy: this.policy, platform, exactPlatform: this.isExact(platform) },
      this.store,
      this.access,
      this.services,
    );
    const instead = this.gate.found(named, reference, this.store);
    if (instead !== undefined) return this.get(instead, platform);
    const image = this.store.readImage(named.descriptor, platform);
    if (matchPlatform(platform, image.config) === undefined) {
      const text = `${reference} is for ${formatPlatform(image.config)}, not for ${formatPlatform(platform)}`;
      this.services.reporter.report({ kind: 'warning', text });
    }
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
 * A layer of an image names its content by its diff id: a content digest would be known only once it is extracted, and a key must not
 * depend on whether that has happened.
 */
function layerOf(diffId: ImageConfig['rootfs']['diff_ids'][number]): LayerState {
  return knownLayer({ diffId, contentDigest: diffId as string as ContentDigest, empty: diffId === EMPTY_LAYER.diffId });
}
