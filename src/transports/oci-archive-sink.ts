import type { Descriptor, Digest } from '../image/index.js';
import { digestAlgorithm, digestHex } from '../image/index.js';
import type { ImageSink } from './image-sink.js';
import { addLayoutEntry, encodeLayoutIndex, OCI_LAYOUT_FILE } from './layout-entries.js';
import { createTarFile, type TarFile } from './tar-file.js';

/** `oci-archive:`: one image as an OCI layout in an uncompressed tar, which replaces the file. */
export function openOciArchiveSink(path: string, reference: string | undefined): ImageSink {
  let archive: TarFile | undefined;
  const written = new Set<string>();
  let top: Descriptor | undefined;
  const add = async (digest: Digest, content: AsyncIterable<Uint8Array>, size: number): Promise<void> => {
    archive ??= createTarFile(path, { fileMode: 0o644 });
    const directories = written.size === 0 ? ['blobs'] : [];
    const algorithm = `blobs/${digestAlgorithm(digest)}`;
    if (!written.has(algorithm)) directories.push(algorithm);
    for (const directory of directories) await archive.addDirectory(directory);
    await archive.addFile(`${algorithm}/${digestHex(digest)}`, content, size);
    written.add(algorithm).add(digest);
  };
  return {
    description: `oci-archive:${path}${reference === undefined ? '' : `:${reference}`}`,
    formats: ['oci'],
    layers: 'compress',
    acceptsIndex: true,
    concurrency: 1,
    hasBlob: async (blob) => written.has(blob.digest),
    writeBlob: (blob) => add(blob.descriptor.digest, blob.open(), blob.descriptor.size),
    async writeManifest(manifest, role) {
      const size = manifest.bytes.byteLength;
      if (!written.has(manifest.digest)) await add(manifest.digest, once(manifest.bytes), size);
      if (role === 'top') top = { mediaType: manifest.mediaType, digest: manifest.digest, size };
    },
    async commit() {
      if (archive === undefined || top === undefined) throw new TypeError('commit() before writeManifest()');
      await archive.addBytes('index.json', Buffer.from(encodeLayoutIndex({}, addLayoutEntry([], top, reference))));
      await archive.addBytes('oci-layout', OCI_LAYOUT_FILE);
      await archive.commit();
    },
    close: async () => await archive?.close(),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
