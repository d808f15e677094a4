import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Descriptor, type Digest, digestAlgorithm, digestHex, type Index, parseIndex } from '../image/index.js';
import { atomicWriteFile, flock } from '../sys/index.js';
import { InvalidArchiveError } from './errors.js';
import type { ImageSink } from './image-sink.js';
import { addLayoutEntry, encodeLayoutIndex, OCI_LAYOUT_FILE } from './layout-entries.js';
import { writeFileSafely } from './write-file.js';

/**
 * `oci:`: add an image to an OCI layout in a directory, which is made if it is not there. index.json is replaced in one step, under a
 * lock on the directory itself, so that several of us can write to one layout.
 *
 * @param sharedBlobDir where blobs go in place of the layout's own directory
 */
export function openOciSink(path: string, reference: string | undefined, sharedBlobDir?: string): ImageSink {
  const blobs = sharedBlobDir ?? join(path, 'blobs');
  const indexFile = join(path, 'index.json');
  const blobFile = (digest: Digest): string => join(blobs, digestAlgorithm(digest), digestHex(digest));
  let top: Descriptor | undefined;
  return {
    description: `oci:${path}${reference === undefined ? '' : `:${reference}`}`,
    formats: ['oci'],
    layers: 'compress',
    acceptsIndex: true,
    concurrency: 6,
    hasBlob: async (blob) => statSync(blobFile(blob.digest), { throwIfNoEntry: false })?.size === blob.size,
    async writeBlob(blob, options) {
      prepare(path);
      const file = blobFile(blob.descriptor.digest);
      mkdirSync(dirname(file), { recursive: true });
      await writeFileSafely(file, blob.open(), options);
    },
    async writeManifest(manifest, role) {
      prepare(path);
      const file = blobFile(manifest.digest);
      mkdirSync(dirname(file), { recursive: true });
      atomicWriteFile(file, manifest.bytes, { mode: 0o644 });
      if (role === 'top') top = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
    },
    async commit(options) {
      if (top === undefined) throw new TypeError('commit() before writeManifest()');
      const lock = openSync(path, 'r');
      try {
        await flock(lock, 'exclusive', options ?? {});
        const before: Partial<Index> = existsSync(indexFile) ? parseIndex(readFileSync(indexFile), { subject: `"${indexFile}"` }) : {};
        const entries = addLayoutEntry(before.manifests ?? [], top, reference);
        atomicWriteFile(indexFile, encodeLayoutIndex(before, entries), { mode: 0o644, fsync: true });
      } finally {
        closeSync(lock);
      }
    },
    async close() {},
  };
}

function prepare(path: string): void {
  const layoutFile = join(path, 'oci-layout');
  if (existsSync(layoutFile)) {
    if (!/"imageLayoutVersion"\s*:\s*"1\.0\.0"/.test(readFileSync(layoutFile, 'utf8'))) {
      throw new InvalidArchiveError(layoutFile, 'it does not say "imageLayoutVersion": "1.0.0"');
    }
    return;
  }
  mkdirSync(join(path, 'blobs', 'sha256'), { recursive: true });
  writeFileSync(layoutFile, OCI_LAYOUT_FILE);
}
