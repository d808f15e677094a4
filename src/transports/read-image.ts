import {
  chooseByPlatform,
  type Descriptor,
  formatPlatform,
  type Index,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  ManifestError,
  type Platform,
  parseManifestDocument,
  readVerified,
} from '../image/index.js';
import { SourceImageNotFoundError } from './errors.js';
import type { ImageSource, RawManifest } from './image-source.js';

/** A manifest or index as its source gave it, verified and understood. */
export type ReadManifest = RawManifest &
  ({ readonly kind: 'manifest'; readonly manifest: Manifest } | { readonly kind: 'index'; readonly index: Index });

export type ReadImageManifest = ReadManifest & { readonly kind: 'manifest' };

interface Waiting {
  readonly signal?: AbortSignal;
}

/** Lists inside lists are allowed, but nobody nests them deeper than this. */
const MAX_LIST_DEPTH = 4;

/**
 * What the source's reference names, or what `descriptor` says.
 *
 * @throws {DigestMismatchError} {SizeMismatchError} {ManifestError} the source is not what it says
 */
export async function readSourceManifest(source: ImageSource, descriptor: Descriptor | undefined, options: Waiting): Promise<ReadManifest> {
  const raw = await source.readManifest(descriptor?.digest, options);
  const subject = `manifest of ${source.description}`;
  if (raw.bytes.byteLength > MAX_MANIFEST_BYTES) throw new ManifestError(subject, `it is larger than ${MAX_MANIFEST_BYTES} bytes`);
  const size = descriptor?.size ?? raw.bytes.byteLength;
  await readVerified(
    [raw.bytes],
    { digest: descriptor?.digest ?? raw.digest, size },
    { origin: source.description, maxBytes: MAX_MANIFEST_BYTES },
  );
  const declaredType = descriptor?.mediaType ?? (raw.mediaType === '' ? undefined : raw.mediaType);
  const document = parseManifestDocument(raw.bytes, { subject, declaredType });
  return { ...document, bytes: raw.bytes, digest: raw.digest };
}

/** The image for a platform: `top` itself when it is one. @throws {SourceImageNotFoundError} a list without an image for the platform */
export async function chooseImage(
  source: ImageSource,
  top: ReadManifest,
  platform: Platform | 'all',
  options: Waiting,
): Promise<ReadImageManifest> {
  let found = top;
  for (let depth = 0; found.kind === 'index'; depth++) {
    const chosen = platform === 'all' ? undefined : chooseByPlatform(found.index.manifests, platform);
    if (chosen === undefined || depth === MAX_LIST_DEPTH) {
      const has = found.index.manifests.flatMap((entry) => (entry.platform === undefined ? [] : formatPlatform(entry.platform)));
      throw new SourceImageNotFoundError(
        source.description,
        `none is for ${platform === 'all' ? 'any platform' : formatPlatform(platform)}`,
        has,
      );
    }
    found = await readSourceManifest(source, chosen, options);
  }
  return found;
}

/** The bytes of an image's configuration. @throws {DigestMismatchError} {SizeMismatchError} */
export async function readSourceConfig(source: ImageSource, config: Descriptor, options: Waiting): Promise<Uint8Array> {
  return await readVerified(source.openBlob(config, options), config, { origin: source.description, maxBytes: MAX_CONFIG_BYTES });
}
