import { type Descriptor, digestHex, type ImageFormat, type Platform } from '../../image/index.js';
import type { Reporter } from '../../progress.js';
import type { Store } from '../../store/index.js';
import { addToIndex, writeIndex } from '../image-index.js';
import type { FinishedImage } from './finish-image.js';

/** One image of a build. */
export interface BuiltImage {
  readonly image: FinishedImage;
  readonly platform: Platform;
  /** The number of its stage in progress lines. */
  readonly stage: number;
  /** Of its entry in an index. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PublishOptions {
  readonly format: ImageFormat;
  /** Full names. */
  readonly names: readonly string[];
  /** Full name of an index that gets the images too. */
  readonly list: string | undefined;
  /** The first name as the user wrote it. */
  readonly shownName: string | undefined;
  /** Of an index of several images. */
  readonly indexAnnotations: Readonly<Record<string, string>>;
  /** What happens while the target is finished and not in the store's index yet. When it fails, the names stay where they were. */
  readonly beforeNaming?: ((target: Descriptor) => Promise<void>) | undefined;
}

/** What a target has become: an image, or an index of one image for each platform. */
export interface PublishedTarget {
  /** Hexadecimal digits: of the configuration's digest, or of the index's own. */
  readonly id: string;
  readonly descriptor: Descriptor;
}

/** Gives a finished target its names. @param images one for each platform */
export async function publishTarget(
  images: readonly BuiltImage[],
  options: PublishOptions,
  { store, reporter, signal }: { readonly store: Store; readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<PublishedTarget> {
  const { format, names, list } = options;
  for (const { image, stage } of images) reporter.report({ kind: 'commit', name: options.shownName, id: image.imageId, stage });
  const entries = images.map(({ image, platform, annotations }) => ({ descriptor: image.descriptor, platform, annotations }));
  const [only] = images;
  const target: PublishedTarget =
    images.length === 1 && only !== undefined
      ? { id: only.image.imageId, descriptor: only.image.descriptor }
      : asTarget(await writeIndex(entries, format, store, options.indexAnnotations));
  await options.beforeNaming?.(target.descriptor);
  // Images that a list holds need no entry of their own, and what was only sent elsewhere may have layers that never came here.
  const isEntered = names.length > 0 || (list === undefined && entries.every(({ descriptor }) => isComplete(descriptor, store)));
  if (isEntered) await store.names.publish(names, target.descriptor);
  const listed = list === undefined ? undefined : await addToIndex(list, entries, store, { format, signal });
  for (const name of [...names, ...(list === undefined ? [] : [list])]) reporter.report({ kind: 'tagged', name });
  return listed === undefined ? target : asTarget(listed);
}

function isComplete(image: Descriptor, store: Store): boolean {
  return store.readImage(image).manifest.layers.every(({ digest, size }) => store.blobs.has(digest, size));
}

function asTarget(index: Descriptor): PublishedTarget {
  return { id: digestHex(index.digest), descriptor: index };
}
