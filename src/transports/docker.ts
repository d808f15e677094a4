import { formatReference, type ImageReference, parseReference, withDefaultTag } from '../image/index.js';
import type { ImageSink } from './image-sink.js';
import type { ImageSource } from './image-source.js';
import type { RegistryClient } from './registry-client.js';

/** So many repositories are asked for a blob before it is sent: each that does not have it costs two requests. */
const MOST_MOUNTS = 2;

/** `docker://`: a repository of a registry. With a tag and a digest, the digest decides. */
export function openDockerSource(text: string, client: RegistryClient): ImageSource {
  const reference = withDefaultTag(parseReference(text));
  const { repository } = reference;
  return {
    description: `docker://${formatReference(reference)}`,
    concurrency: client.parallelCopies,
    readManifest: (digest, options) => client.fetchManifest(repository, digest ?? target(reference), options),
    openBlob: (blob, options) => client.fetchBlob(repository, blob, options),
    repositoriesOf: () => [{ registry: reference.registry, repository }],
    async close() {},
  };
}

/** @param byDigest the image gets no tag */
export function openDockerSink(text: string, client: RegistryClient, byDigest = false): ImageSink {
  const reference = withDefaultTag(parseReference(text));
  const { repository } = reference;
  return {
    description: `docker://${formatReference(reference)}`,
    formats: ['oci', 'docker'],
    layers: 'compress',
    acceptsIndex: true,
    concurrency: client.parallelCopies ?? 6,
    hasBlob: (blob, options) => client.hasBlob(repository, blob, options),
    async writeBlob(blob, options) {
      const near = blob.repositories.filter((place) => place.registry === reference.registry && place.repository !== repository);
      for (const place of near.slice(0, MOST_MOUNTS))
        if (await client.mountBlob(repository, blob.descriptor, place.repository, options)) return;
      await client.uploadBlob(repository, blob.descriptor, blob.open, options);
    },
    // A registry shows a manifest under its tag from the moment it has it: the top one comes last.
    writeManifest: (manifest, role, options) =>
      client.uploadManifest(repository, role === 'top' && !byDigest ? target(reference) : manifest.digest, manifest, options),
    async commit() {},
    async close() {},
  };
}

function target({ tag, digest }: ImageReference): string {
  // withDefaultTag() left one of them.
  return digest ?? tag ?? 'latest';
}
