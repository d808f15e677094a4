import { writeFileSync } from 'node:fs';
import { type Descriptor, isIndexType } from '../../image/index.js';

/** Files that tell scripts what a build made; none of them is written when it fails. */
export interface ResultFiles {
  /** Gets the image ID as `sha256:<hex>`. */
  readonly iidFile?: string | undefined;
  /** Gets the image ID's hexadecimal digits. */
  readonly iidFileRaw?: string | undefined;
  /** Gets BuildKit's JSON. */
  readonly metadataFile?: string | undefined;
}

/** @param image `id` in hexadecimal digits @param names as the image got them */
export function writeResultFiles(
  files: ResultFiles,
  { id, descriptor }: { readonly id: string; readonly descriptor: Descriptor },
  names: readonly string[],
): void {
  if (files.iidFile !== undefined) writeFileSync(files.iidFile, `sha256:${id}`);
  if (files.iidFileRaw !== undefined) writeFileSync(files.iidFileRaw, id);
  if (files.metadataFile === undefined) return;
  const { mediaType, digest, size } = descriptor;
  const metadata = {
    // An index has no configuration of its own.
    ...(isIndexType(mediaType) ? {} : { 'containerimage.config.digest': `sha256:${id}` }),
    'containerimage.descriptor': { mediaType, digest, size },
    'containerimage.digest': digest,
    ...(names.length === 0 ? {} : { 'image.name': names.join(',') }),
  };
  writeFileSync(files.metadataFile, `${JSON.stringify(metadata, undefined, 2)}\n`);
}
