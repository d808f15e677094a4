import {
  buildManifest,
  type Descriptor,
  type DiffId,
  type Digest,
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  digestOf,
  encodeJson,
  formatReference,
  MAX_CONFIG_BYTES,
  parseImageConfig,
  parseReference,
  withDefaultTag,
} from '../image/index.js';
import { type ArchiveCompression, compressionOf, decompress } from '../layers/index.js';
import { InvalidArchiveError, SourceImageNotFoundError } from './errors.js';
import type { ImageSource, RawManifest } from './image-source.js';
import type { Selection } from './layout-source.js';
import { openPlainTar } from './plain-tar.js';
import type { TarIndex } from './tar-index.js';

interface ArchiveImage {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** Larger than any real list of images; the file is read into memory. */
const MAX_LIST_BYTES = 1024 * 1024;

/**
 * `docker-archive:`, what `docker save` and `podman save` write. The layers' names come from manifest.json, so the layouts before and
 * since Docker 25 are read alike. There is no manifest in it: one is made, with the uncompressed layers.
 *
 * @throws {InvalidArchiveError} manifest.json is missing, malformed, or contradicts the config
 */
export async function openDockerArchiveSource(
  path: string,
  selection: Selection,
  options: { readonly tempDir: string },
): Promise<ImageSource> {
  const archive = await openPlainTar(path, options.tempDir);
  const description = `docker-archive:${path}`;
  try {
    const image = selectImage(await readImageList(archive.index), selection, description);
    const configBytes = await archive.index.read(image.Config, MAX_CONFIG_BYTES);
    const { diff_ids: diffIds } = parseImageConfig(configBytes, `config of ${description}`).rootfs;
    const names = pairLayers(path, diffIds, image.Layers);
    const config: Descriptor = { mediaType: DOCKER_CONFIG, digest: digestOf(configBytes), size: configBytes.byteLength };
    let manifest: Promise<RawManifest> | undefined;
    return {
      ...(selection.reference === undefined ? { keptNames: image.RepoTags } : {}),
      description: image.RepoTags[0] === undefined ? description : `${description}:${image.RepoTags[0]}`,
      readManifest() {
        manifest ??= makeManifest(archive.index, config, diffIds, names);
        return manifest;
      },
      async *openBlob(blob) {
        if (blob.digest === config.digest) yield configBytes;
        else yield* openLayer(archive.index, names.get(blob.digest) ?? blob.digest);
      },
      close: archive.close,
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/** @throws {InvalidArchiveError} no manifest.json, or not one of an archive */
export async function readImageList(index: TarIndex): Promise<readonly ArchiveImage[]> {
  const text = Buffer.from(await index.read('manifest.json', MAX_LIST_BYTES)).toString();
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new InvalidArchiveError(index.path, 'its manifest.json is not JSON', { cause });
  }
  if (!Array.isArray(list)) throw new InvalidArchiveError(index.path, 'its manifest.json is not a list');
  return list.map((image: Record<string, unknown> | null) => {
    const tags = image?.RepoTags ?? [];
    if (typeof image?.Config !== 'string' || !isTextList(image.Layers) || !isTextList(tags)) {
      throw new InvalidArchiveError(index.path, 'its manifest.json has an image without "Config" or "Layers"');
    }
    return { Config: image.Config, Layers: image.Layers, RepoTags: tags };
  });
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function selectImage(images: readonly ArchiveImage[], { reference, position }: Selection, description: string): ArchiveImage {
  const names = images.flatMap(({ RepoTags }) => RepoTags);
  if (position !== undefined) {
    const found = images[position];
    if (found === undefined)
      throw new SourceImageNotFoundError(description, `it has ${images.length} images, none at position ${position}`);
    return found;
  }
  if (reference !== undefined) {
    const wanted = canonicalName(reference);
    const found = images.find(({ RepoTags }) => RepoTags.some((tag) => tag === reference || canonicalName(tag) === wanted));
    if (found === undefined) throw new SourceImageNotFoundError(description, `none is called "${reference}"`, names);
    return found;
  }
  const [only, ...others] = images;
  if (only === undefined) throw new SourceImageNotFoundError(description, 'its manifest.json lists none');
  if (others.length > 0) throw new SourceImageNotFoundError(description, 'there are several, and no name was given', names);
  return only;
}

function canonicalName(text: string): string {
  return formatReference(withDefaultTag(parseReference(text)));
}

/** Which member holds which layer. One member for two different layers would make one of them a lie. */
function pairLayers(path: string, diffIds: readonly DiffId[], names: readonly string[]): ReadonlyMap<Digest, string> {
  if (diffIds.length !== names.length) {
    throw new InvalidArchiveError(path, `its manifest.json lists ${names.length} layers and the config ${diffIds.length}`);
  }
  const paired = new Map<Digest, string>();
  for (const [position, diffId] of diffIds.entries()) {
    const name = names[position] ?? '';
    const taken = [...paired].find(([digest, other]) => other === name && digest !== (diffId as string as Digest));
    if (taken !== undefined) throw new InvalidArchiveError(path, `"${name}" stands for two different layers`);
    paired.set(diffId as string as Digest, name);
  }
  return paired;
}

async function makeManifest(
  index: TarIndex,
  config: Descriptor,
  diffIds: readonly DiffId[],
  names: ReadonlyMap<Digest, string>,
): Promise<RawManifest> {
  const layers: Descriptor[] = [];
  for (const diffId of diffIds) {
    const digest = diffId as string as Digest;
    layers.push({ mediaType: DOCKER_LAYER, digest, size: await layerSize(index, names.get(digest) ?? '') });
  }
  const bytes = encodeJson(buildManifest(config, layers, 'docker'));
  return { bytes, mediaType: DOCKER_MANIFEST, digest: digestOf(bytes) };
}

/** Bytes of the uncompressed layer. Of a compressed one only reading it tells. */
async function layerSize(index: TarIndex, name: string): Promise<number> {
  const size = index.size(name);
  if (size === undefined) throw new InvalidArchiveError(index.path, `it has no file "${name}"`);
  if ((await layerCompression(index, name)) === 'none') return size;
  let bytes = 0;
  for await (const chunk of openLayer(index, name)) bytes += chunk.byteLength;
  return bytes;
}

async function* openLayer(index: TarIndex, name: string): AsyncGenerator<Uint8Array> {
  const compression = await layerCompression(index, name);
  yield* compression === 'none' ? index.open(name) : decompress(index.open(name), compression);
}

async function layerCompression(index: TarIndex, name: string): Promise<ArchiveCompression> {
  for await (const chunk of index.open(name)) return compressionOf(chunk);
  return 'none';
}
