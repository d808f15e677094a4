import { statSync } from 'node:fs';
import {
  chainId,
  type DiffId,
  type Digest,
  digestHex,
  encodeJson,
  formatReference,
  type ImageConfig,
  parseImageConfig,
  parseManifest,
  parseReference,
} from '../image/index.js';
import { sha256Hex } from '../sha256.js';
import { DestinationInUseError } from './errors.js';
import type { ImageSink } from './image-sink.js';
import { createTarFile, type TarFile } from './tar-file.js';

/** An archive in the form of `docker save` on its way to a file: images one after the other, layers that they share once. */
export interface DockerArchive {
  /** @param references the names of the image, with tags */
  sink(references: readonly string[]): ImageSink;
  /** Makes the file appear. */
  finish(): Promise<void>;
  /** Without finish() before, nothing is left. */
  close(): Promise<void>;
}

/** One image in an archive of its own. @throws {DestinationInUseError} the file exists and is not empty */
export function openDockerArchiveSink(path: string, references: readonly string[]): ImageSink {
  const archive = createDockerArchive(path);
  return { ...archive.sink(references), commit: archive.finish, close: archive.close };
}

/**
 * `docker-archive:`: images in the form of `docker save`, with the files that versions before 25 and those before 1.10 look for.
 * Layers come decompressed, so their digests are their diff ids.
 *
 * @throws {DestinationInUseError} the file exists and is not empty
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
 */
export function createDockerArchive(path: string): DockerArchive {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) throw new DestinationInUseError(path, 'the file exists, and an archive cannot be added to');
  let archive: TarFile | undefined;
  const written = new Set<string>();
  const list: { readonly Config: string; readonly RepoTags: readonly string[]; readonly Layers: readonly string[] }[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  const open = (): TarFile => {
    // Mode and order as skopeo writes them.
    archive ??= createTarFile(path, { fileMode: 0o444 });
    return archive;
  };
  const sink = (references: readonly string[]): ImageSink => {
    let configBytes: Uint8Array | undefined;
    return {
      description: `docker-archive:${path}${references[0] === undefined ? '' : `:${references[0]}`}`,
      formats: ['docker'],
      layers: 'decompress',
      acceptsIndex: false,
      concurrency: 1,
      hasBlob: async (blob) => written.has(blob.digest),
      async writeBlob({ descriptor, kind, open: openBlob }) {
        if (kind === 'layer') {
          written.add(descriptor.digest);
          await open().addFile(`${digestHex(descriptor.digest)}.tar`, openBlob(), descriptor.size);
          return;
        }
        const chunks: Uint8Array[] = [];
        for await (const chunk of openBlob()) chunks.push(chunk);
        configBytes = Buffer.concat(chunks);
      },
      async writeManifest(raw) {
        if (configBytes === undefined) throw new TypeError('writeManifest() before its config');
        const { config, layers } = parseManifest(raw.bytes, { declaredType: raw.mediaType });
        const name = `${digestHex(config.digest)}.json`;
        const names = references.map(dockerName);
        const known = list.findIndex(({ Config }) => Config === name);
        const digests = layers.map(({ digest }) => digest);
        if (known === -1) await open().addBytes(name, Buffer.from(configBytes));
        const topId = await addLegacyLayers(open(), digests, parseImageConfig(configBytes), written);
        const before = list[known];
        const entry = {
          Config: name,
          RepoTags: [...(before?.RepoTags ?? []), ...names.map(({ full }) => full)],
          Layers: digests.map((digest) => `${digestHex(digest)}.tar`),
        };
        if (before === undefined) list.push(entry);
        else list[known] = entry;
        if (topId !== undefined)
          for (const { repository, tag } of names) repositories[repository] = { ...repositories[repository], [tag]: topId };
      },
      commit: async () => {},
      close: async () => {},
    };
  };
  return {
    sink,
    async finish() {
      await open().addBytes('manifest.json', Buffer.from(encodeJson(list)));
      if (Object.keys(repositories).length > 0) await open().addBytes('repositories', Buffer.from(encodeJson(repositories)));
      await open().commit();
    },
    close: async () => await archive?.close(),
  };
}

/** What Docker before 1.10 reads: a directory per layer, chained by `parent`. Returns the ID of the topmost. */
async function addLegacyLayers(
  archive: TarFile,
  digests: readonly Digest[],
  config: ImageConfig,
  written: Set<string>,
): Promise<string | undefined> {
  let parent: string | undefined;
  for (const [position, digest] of digests.entries()) {
    const isTop = position === digests.length - 1;
    const own = isTop
      ? { ...config, rootfs: undefined, history: undefined }
      : { created: '1970-01-01T00:00:00Z', container_config: { Cmd: [''] } };
    // Any ID that is the same for the same content will do.
    const chain = chainId(digests.slice(0, position + 1) as readonly string[] as readonly DiffId[]);
    const id = sha256Hex(`${chain} ${isTop ? JSON.stringify(own) : ''}`);
    if (written.has(id)) {
      parent = id;
      continue;
    }
    written.add(id);
    await archive.addLink(`${id}/layer.tar`, `../${digestHex(digest)}.tar`);
    await archive.addBytes(`${id}/VERSION`, '1.0');
    await archive.addBytes(`${id}/json`, Buffer.from(encodeJson({ id, ...(parent === undefined ? {} : { parent }), ...own })));
    parent = id;
  }
  return parent;
}

/** The full name: c/image and Docker take it as it is, and a short one would mean docker.io. */
function dockerName(reference: string): { readonly repository: string; readonly tag: string; readonly full: string } {
  const { registry, repository, tag = 'latest' } = parseReference(reference);
  const full = formatReference({ registry, repository });
  return { repository: full, tag, full: `${full}:${tag}` };
}
