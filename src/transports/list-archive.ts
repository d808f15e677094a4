import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ANNOTATION_CONTAINERD_NAME, ANNOTATION_REF_NAME, type Index, MAX_MANIFEST_BYTES, parseIndex } from '../image/index.js';
import { readImageList } from './docker-archive-source.js';
import { InvalidArchiveError } from './errors.js';
import { readPlainFile } from './plain-file.js';
import { openPlainTar } from './plain-tar.js';
import type { TransportName } from './transport-name.js';

/** One image of an archive or directory. */
export interface ArchiveListing {
  readonly place: TransportName;
  /** As they are written there; none for an image without. */
  readonly names: readonly string[];
}

/**
 * The images of a file or directory whose form is told by what is in it: an archive of Docker's, an OCI layout, packed or not, or a `dir:`.
 *
 * @throws {InvalidArchiveError} none of these
 */
export async function listImagesIn(path: string, options: { readonly tempDir: string }): Promise<readonly ArchiveListing[]> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return listDirectory(path);
  const archive = await openPlainTar(path, options.tempDir);
  try {
    const { index } = archive;
    // Docker since 25 writes both: its own list has the names of all images.
    if (index.size('manifest.json') !== undefined) {
      const images = await readImageList(index);
      return images.map(({ RepoTags }, position) => ({ place: { kind: 'docker-archive', path, position }, names: RepoTags }));
    }
    if (index.size('index.json') === undefined)
      throw new InvalidArchiveError(path, 'it has neither "manifest.json" nor "index.json", so it holds no image');
    return listLayout('oci-archive', path, await index.read('index.json', MAX_MANIFEST_BYTES));
  } finally {
    await archive.close();
  }
}

async function listDirectory(path: string): Promise<readonly ArchiveListing[]> {
  const index = join(path, 'index.json');
  if (existsSync(index)) return listLayout('oci', path, await readPlainFile(index, MAX_MANIFEST_BYTES));
  if (existsSync(join(path, 'manifest.json'))) return [{ place: { kind: 'dir', path }, names: [] }];
  throw new InvalidArchiveError(path, 'it has neither "manifest.json" nor "index.json", so it holds no image');
}

function listLayout(kind: 'oci' | 'oci-archive', path: string, bytes: Uint8Array): readonly ArchiveListing[] {
  const { manifests }: Index = parseIndex(bytes, { subject: `index.json of ${kind}:${path}` });
  return manifests.map(({ annotations }, position) => {
    const name = annotations?.[ANNOTATION_CONTAINERD_NAME] ?? annotations?.[ANNOTATION_REF_NAME];
    return { place: { kind, path, position }, names: name === undefined ? [] : [name] };
  });
}
