import { join } from 'node:path';
import { hasCode } from '../errors.js';
import {
  ANNOTATION_CONTAINERD_NAME,
  ANNOTATION_REF_NAME,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestHex,
  isIndexType,
  isManifestType,
  MAX_MANIFEST_BYTES,
  parseIndex,
} from '../image/index.js';
import { SourceImageNotFoundError } from './errors.js';
import type { ImageSource } from './image-source.js';
import { readPlainFile, streamPlainFile } from './plain-file.js';
import { openPlainTar } from './plain-tar.js';

/** Which image of a layout or archive: by name, by position from 0, or, with neither, the only one. */
export interface Selection {
  readonly reference?: string;
  readonly position?: number;
}

/** Files of an OCI layout by their names in it, wherever they are. */
interface LayoutFiles {
  read(name: string, maxBytes: number): Promise<Uint8Array>;
  open(name: string): AsyncIterable<Uint8Array>;
}

/** `oci:`: an OCI image layout in a directory. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
export async function openOciSource(path: string, selection: Selection, sharedBlobDir?: string): Promise<ImageSource> {
  return await openLayout(directoryFiles(path, sharedBlobDir), `oci:${path}`, selection);
}

/** `oci-archive:`: the same in a tar, compressed or not, which is not extracted. */
export async function openOciArchiveSource(
  path: string,
  selection: Selection,
  options: { readonly tempDir: string },
): Promise<ImageSource> {
  const archive = await openPlainTar(path, options.tempDir);
  try {
    return { ...(await openLayout(archive.index, `oci-archive:${path}`, selection)), close: archive.close };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function openLayout(files: LayoutFiles, description: string, selection: Selection): Promise<ImageSource> {
  const { manifests } = parseIndex(await files.read('index.json', MAX_MANIFEST_BYTES), { subject: `index.json of ${description}` });
  const top = selectEntry(manifests, selection, description);
  const known = new Map<Digest, string>([[top.digest, top.mediaType]]);
  const name = top.annotations?.[ANNOTATION_REF_NAME];
  return {
    ...(selection.reference === undefined && name !== undefined ? { keptNames: [name] } : {}),
    description: selection.reference === undefined ? description : `${description}:${selection.reference}`,
    async readManifest(digest = top.digest) {
      const bytes = await files.read(blobName(digest), MAX_MANIFEST_BYTES);
      return { bytes, mediaType: known.get(digest) ?? '', digest };
    },
    openBlob: (blob) => files.open(blobName(blob.digest)),
    async close() {},
  };
}

function selectEntry(entries: readonly Descriptor[], { reference, position }: Selection, description: string): Descriptor {
  const images = entries.filter(({ mediaType }) => isManifestType(mediaType) || isIndexType(mediaType));
  const names = entries.flatMap(({ annotations }) => annotations?.[ANNOTATION_REF_NAME] ?? []);
  if (position !== undefined) {
    const found = entries[position];
    if (found === undefined)
      throw new SourceImageNotFoundError(description, `it has ${entries.length} entries, none at position ${position}`);
    return found;
  }
  if (reference !== undefined) {
    const found =
      images.find(({ digest, annotations }) => digest === reference || annotations?.[ANNOTATION_REF_NAME] === reference) ??
      images.find(({ annotations }) => annotations?.[ANNOTATION_CONTAINERD_NAME] === reference);
    if (found === undefined) throw new SourceImageNotFoundError(description, `none is called "${reference}"`, names);
    return found;
  }
  const [only, ...others] = images;
  if (only === undefined) throw new SourceImageNotFoundError(description, 'its index.json lists none');
  if (others.length > 0) throw new SourceImageNotFoundError(description, 'there are several, and no name was given', names);
  return only;
}

/** Digests are checked before they get here, so they are safe as names. */
function blobName(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function directoryFiles(path: string, sharedBlobDir: string | undefined): LayoutFiles {
  const fileOf = (name: string): string =>
    sharedBlobDir !== undefined && name.startsWith('blobs/') ? join(sharedBlobDir, name.slice('blobs/'.length)) : join(path, name);
  const missing = (name: string): SourceImageNotFoundError =>
    new SourceImageNotFoundError(`oci:${path}`, `"${fileOf(name)}" does not exist`);
  return {
    async read(name, maxBytes) {
      try {
        return await readPlainFile(fileOf(name), maxBytes);
      } catch (error) {
        throw hasCode(error, 'ENOENT') ? missing(name) : error;
      }
    },
    async *open(name) {
      try {
        yield* streamPlainFile(fileOf(name));
      } catch (error) {
        throw hasCode(error, 'ENOENT') ? missing(name) : error;
      }
    },
  };
}
