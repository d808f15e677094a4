import { dockerConfig, type HistoryEntry } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { splitDockerConfig } from '../containers/docker-only.js';
import { type Services, withStore } from '../context.js';
import { type FoundImage, findImage, storedBytes } from './find-image.js';
import { goTime } from './go-time.js';

/** What `podman image inspect` prints of an image: the same keys in the same order. */
export type ImageDocument = Readonly<Record<string, unknown>>;

/** @throws {ImageNotFoundError} for the first name nothing has */
export async function inspectImages(names: readonly string[], services: Services): Promise<readonly ImageDocument[]> {
  return withStore(services, async (store) => names.map((name) => describe(findImage(name, store), store)));
}

export async function imageExists(name: string, services: Services): Promise<boolean> {
  return withStore(services, async (store) => store.names.resolve(name) !== undefined);
}

function describe(image: FoundImage, store: Store): ImageDocument {
  const { config, dockerOnly } = splitDockerConfig(image.config);
  const docker = dockerConfig(config, dockerOnly);
  const labels = config.config?.Labels ?? null;
  const bytes = storedBytes(image);
  return {
    Id: image.imageId,
    Digest: image.descriptor.digest,
    RepoTags: image.names,
    RepoDigests: image.names.map((name) => `${repositoryOf(name)}@${image.descriptor.digest}`),
    Parent: parentId(image, store),
    Comment: (docker.comment as string | undefined) ?? '',
    Created: config.created === undefined ? undefined : goTime(config.created),
    Config: config.config ?? {},
    Version: (docker.docker_version as string | undefined) ?? '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: bytes,
    VirtualSize: bytes,
    GraphDriver: { Name: 'oci-layout', Data: null },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Labels: labels,
    Annotations: image.manifest.annotations ?? {},
    ManifestType: image.manifestDescriptor.mediaType,
    User: config.config?.User ?? '',
    History: (config.history ?? []).map(asGoPrints),
    NamesHistory: image.names,
    ...(config.config?.Healthcheck === undefined ? {} : { HealthCheck: config.config.Healthcheck }),
  };
}

function asGoPrints(entry: HistoryEntry): HistoryEntry {
  return entry.created === undefined ? entry : { ...entry, created: goTime(entry.created) };
}

/** The image the last instruction began with, if the store still has it under some name. */
function parentId(image: FoundImage, store: Store): string {
  const above = image.config.rootfs.diff_ids.slice(0, -1).join(' ');
  const found = store.names.list().find(({ descriptor }) => {
    const [id] = store.imageIds(descriptor);
    if (id === undefined || id === image.imageId || descriptor.mediaType !== image.manifestDescriptor.mediaType) return false;
    return above !== '' && store.readImage(descriptor).config.rootfs.diff_ids.join(' ') === above;
  });
  return found === undefined ? '' : (store.imageIds(found.descriptor)[0] ?? '');
}

function repositoryOf(name: string): string {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
