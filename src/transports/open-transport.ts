import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { UnsupportedFeatureError } from '../errors.js';
import { localName, parseReference } from '../image/index.js';
import type { Store } from '../store/index.js';
import type { DockerArchive } from './docker-archive-sink.js';
import { openFileSink } from './file-sink.js';
import type { ImageSink } from './image-sink.js';
import type { ImageSource } from './image-source.js';
import type { Selection } from './layout-source.js';
import type { ArchiveListing } from './list-archive.js';
import type { RegistryClient } from './registry-client.js';
import { openStoreSink, openStoreSource } from './store.js';
import type { TransportName } from './transport-name.js';

/** What transports need from outside. */
export interface TransportServices {
  readonly store: Store;
  /** A client for a registry's host: `docker.io`, `localhost:5000`. */
  readonly registry: (host: string) => RegistryClient | Promise<RegistryClient>;
  /** For archives that are compressed as a whole. */
  readonly tempDir: string;
}

export interface SourceExtras {
  /** Of `oci:`: where blobs are in place of the layout's own, as `<algorithm>/<hex>`. */
  readonly sharedBlobDir?: string | undefined;
}

export interface SinkExtras extends SourceExtras {
  /** Of `docker-archive:`: further names, with tags. */
  readonly additionalTags?: readonly string[] | undefined;
}

// Each transport is loaded when it is used: a build from the cache uses none.

/** Open what `name` says for reading. The caller closes it. */
export async function openSource(name: TransportName, services: TransportServices, extras: SourceExtras = {}): Promise<ImageSource> {
  switch (name.kind) {
    case 'docker':
      return (await import('./docker.js')).openDockerSource(
        name.reference,
        await services.registry(parseReference(name.reference).registry),
      );
    case 'oci':
      return await (await import('./layout-source.js')).openOciSource(name.path, selectionOf(name), extras.sharedBlobDir);
    case 'oci-archive':
      return await (await import('./layout-source.js')).openOciArchiveSource(name.path, selectionOf(name), services);
    case 'docker-archive':
      return await (await import('./docker-archive-source.js')).openDockerArchiveSource(name.path, selectionOf(name), services);
    case 'dir':
      return (await import('./dir.js')).openDirSource(name.path);
    case 'containers-storage':
      demandThisStore(name.root, services.store);
      return openStoreSource(services.store, name.reference);
  }
}

/** Open what `name` says for writing. The caller closes it; the store's shared lock is the caller's, too. */
export async function openSink(name: TransportName, services: TransportServices, extras: SinkExtras = {}): Promise<ImageSink> {
  switch (name.kind) {
    case 'docker':
      return (await import('./docker.js')).openDockerSink(
        name.reference,
        await services.registry(parseReference(name.reference).registry),
        name.byDigest,
      );
    case 'oci': {
      const { openOciSink } = await import('./oci-sink.js');
      return openFileSink(name.path, () => openOciSink(name.path, name.reference, extras.sharedBlobDir));
    }
    case 'oci-archive': {
      const { openOciArchiveSink } = await import('./oci-archive-sink.js');
      return openFileSink(name.path, () => openOciArchiveSink(name.path, name.reference));
    }
    case 'docker-archive': {
      const { openDockerArchiveSink } = await import('./docker-archive-sink.js');
      return openFileSink(name.path, () => openDockerArchiveSink(name.path, [name.reference ?? [], extras.additionalTags ?? []].flat()));
    }
    case 'dir': {
      const { openDirSink } = await import('./dir.js');
      return openFileSink(name.path, () => openDirSink(name.path));
    }
    case 'containers-storage':
      demandThisStore(name.root, services.store);
      return openStoreSink(services.store, [localName(name.reference)]);
  }
}

/** @see {@link createDockerArchive} */
export async function openDockerArchive(path: string): Promise<DockerArchive> {
  return (await import('./docker-archive-sink.js')).createDockerArchive(path);
}

/** @see {@link listImagesIn} */
export async function listArchive(path: string, options: { readonly tempDir: string }): Promise<readonly ArchiveListing[]> {
  return (await import('./list-archive.js')).listImagesIn(path, options);
}

/** Stores of other tools have another form, and one of ours is opened by --root, with its locks. */
export function demandThisStore(root: string | undefined, store: Store): void {
  if (root === undefined || realPath(root) === realPath(store.root)) return;
  throw new UnsupportedFeatureError(`Cannot use the store "${root}": the store of this command is "${store.root}"`, {
    hint: 'Name a store of tsbuild with --root; exchange images with other tools through oci:, docker-archive: or a registry',
  });
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

function selectionOf({ reference, position }: Selection): Selection {
  return { ...(reference === undefined ? {} : { reference }), ...(position === undefined ? {} : { position }) };
}
