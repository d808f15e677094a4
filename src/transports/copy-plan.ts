import { UnsupportedFeatureError } from '../errors.js';
import {
  type Compression,
  type Descriptor,
  type DiffId,
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  type ImageConfig,
  type ImageFormat,
  layerCompression,
  layerMediaType,
  type Manifest,
  ManifestError,
  OCI_CONFIG,
} from '../image/index.js';
import type { ImageSink } from './image-sink.js';

/** How one image is written: what stays as it is, and what changes. */
export interface CopyPlan {
  readonly format: ImageFormat;
  /** True when the manifest's bytes can stay what they are. */
  readonly isUnchanged: boolean;
  readonly layers: readonly PlannedLayer[];
}

export interface PlannedLayer {
  readonly source: Descriptor;
  /** Absent in an artifact, which has no file system. */
  readonly diffId?: DiffId;
  /** Absent when the blob stays what it is. */
  readonly recompress?: { readonly from: Compression; readonly to: Compression };
  /** Media type in the new manifest. */
  readonly mediaType: string;
}

export interface CopyWishes {
  readonly format?: ImageFormat | undefined;
  readonly compression?: Compression | undefined;
  readonly forceCompression?: boolean | undefined;
}

/**
 * Decide how to copy an image. Pure.
 *
 * @param mediaType of the manifest
 * @param config    undefined for an artifact
 * @throws {UnsupportedFeatureError} the sink cannot hold the wished format, or an artifact would have to be changed
 * @throws {ManifestError} manifest and config do not have the same number of layers
 */
export function planCopy(
  image: { readonly manifest: Manifest; readonly mediaType: string; readonly config: ImageConfig | undefined },
  sink: Pick<ImageSink, 'formats' | 'layers' | 'description'>,
  wishes: CopyWishes,
): CopyPlan {
  const { manifest, mediaType, config } = image;
  const sourceFormat: ImageFormat = mediaType === DOCKER_MANIFEST ? 'docker' : 'oci';
  const format = chooseFormat(sourceFormat, sink, wishes);
  if (config === undefined) {
    if (format !== sourceFormat)
      throw new UnsupportedFeatureError(
        `Cannot write an artifact to ${sink.description}: it would have to become an image in ${format} format`,
      );
    return { format, isUnchanged: true, layers: manifest.layers.map((source) => ({ source, mediaType: source.mediaType })) };
  }
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ManifestError('image', `its manifest has ${manifest.layers.length} layers and its config lists ${diffIds.length}`);
  }
  const layers = manifest.layers.map((source, position): PlannedLayer => {
    const from = layerCompression(source.mediaType);
    if (from === undefined) throw new UnsupportedFeatureError(`Cannot copy a layer of type ${JSON.stringify(source.mediaType)}`);
    const to = targetCompression(from, sink.layers, format, wishes);
    const stays = from === to && format === sourceFormat;
    return {
      source,
      diffId: diffIds[position] as DiffId,
      mediaType: stays ? source.mediaType : layerMediaType(to, format),
      ...(from === to ? {} : { recompress: { from, to } }),
    };
  });
  return { format, layers, isUnchanged: format === sourceFormat && layers.every(({ recompress }) => recompress === undefined) };
}

/** True for the config of an image, as opposed to that of an artifact. */
export function isImageConfig(descriptor: Descriptor): boolean {
  return descriptor.mediaType === OCI_CONFIG || descriptor.mediaType === DOCKER_CONFIG;
}

function chooseFormat(source: ImageFormat, sink: Pick<ImageSink, 'formats' | 'description'>, { format }: CopyWishes): ImageFormat {
  if (format !== undefined) {
    if (!sink.formats.includes(format))
      throw new UnsupportedFeatureError(`Cannot write an image in ${format} format to ${sink.description}`);
    return format;
  }
  return sink.formats.includes(source) ? source : (sink.formats[0] ?? source);
}

function targetCompression(
  from: Compression,
  layers: ImageSink['layers'],
  format: ImageFormat,
  { compression, forceCompression }: CopyWishes,
): Compression {
  if (layers === 'decompress') return 'none';
  const wished = compression ?? 'gzip';
  const to = from === 'none' && (layers === 'compress' || compression !== undefined) ? wished : from;
  const forced = forceCompression === true && compression !== undefined ? compression : to;
  // Docker's format has no media type for zstd.
  return forced === 'zstd' && format === 'docker' ? 'gzip' : forced;
}
