import { UsageError } from '../errors.js';
import {
  chooseByPlatform,
  type Descriptor,
  type DockerExtras,
  dockerConfig,
  encodeImageConfig,
  type HistoryEntry,
  hostPlatform,
  type ImageConfig,
  isIndexType,
  parseIndex,
} from '../image/index.js';
import { DEFAULT_CAPABILITIES } from '../sandbox/index.js';
import { ContainerNotFoundError, type ContainerRecord, ImageNotFoundError, type Store, type StoredImage } from '../store/index.js';
import type { IdRange } from '../sys/index.js';
import { splitDockerConfig } from './containers/docker-only.js';
import { mountedAt } from './containers/mount-point.js';
import { type Services, withStore } from './context.js';
import { confinementOf } from './surroundings/confinement.js';

export interface InspectOptions {
  readonly name: string;
  /** Left out: a working container of that name, else an image. */
  readonly type?: 'container' | 'image' | undefined;
  /** Of an index: not this machine's image, but the index itself as `Manifest`. */
  readonly wantsIndex?: boolean;
}

/** What `buildah inspect` prints: the same keys in the same order, so that the same templates work. */
export interface Inspection {
  readonly Type: string;
  readonly FromImage: string;
  readonly FromImageID: string;
  readonly FromImageDigest: string;
  /** The config's JSON as text. */
  readonly Config: string;
  /** The manifest's JSON as text. */
  readonly Manifest: string;
  readonly Container: string;
  readonly ContainerID: string;
  readonly MountPoint: string;
  readonly ProcessLabel: string;
  readonly MountLabel: string;
  readonly ImageAnnotations: Readonly<Record<string, string>> | null;
  readonly ImageCreatedBy: string;
  readonly OCIv1: ImageConfig;
  readonly Docker: Readonly<Record<string, unknown>>;
  readonly DefaultMountsFilePath: string;
  readonly Isolation: string;
  readonly NamespaceOptions: readonly { readonly Name: string; readonly Host: boolean; readonly Path: string }[];
  readonly Capabilities: readonly string[] | null;
  readonly ConfigureNetwork: string;
  readonly CNIPluginPath: string;
  readonly CNIConfigDir: string;
  readonly IDMappingOptions: Readonly<Record<string, unknown>>;
  readonly History: readonly HistoryEntry[];
  readonly Devices: readonly string[];
}

/** @throws {ImageNotFoundError} @throws {ContainerNotFoundError} nothing has that name */
export async function inspect(options: InspectOptions, services: Services): Promise<Inspection> {
  return withStore(services, async (store) => {
    if (options.type !== 'image') {
      const container = findContainer(store, options.name);
      if (container !== undefined) return inspectContainer(store, container, services);
      if (options.type === 'container') throw new ContainerNotFoundError(options.name);
    }
    const named = store.names.resolve(options.name);
    if (named === undefined) throw new ImageNotFoundError(options.name);
    const image = store.readImage(instanceFor(named.descriptor, store));
    const isIndex = options.wantsIndex === true && isIndexType(named.descriptor.mediaType);
    const manifest = isIndex ? { Manifest: Buffer.from(store.blobs.readAll(named.descriptor)).toString() } : {};
    const described = { ...image, descriptor: named.descriptor };
    return { ...describeImage(described, named.name ?? '', services), ...manifest };
  });
}

/** Of an index, the image for this machine; when it has none, the first that is here. */
function instanceFor(descriptor: Descriptor, store: Store): Descriptor {
  if (!isIndexType(descriptor.mediaType)) return descriptor;
  const { manifests } = parseIndex(store.blobs.readAll(descriptor), { declaredType: descriptor.mediaType });
  const here = manifests.filter((entry) => store.blobs.has(entry.digest));
  return chooseByPlatform(here, hostPlatform(process.arch)) ?? here[0] ?? descriptor;
}

function findContainer(store: Store, nameOrId: string): ContainerRecord | undefined {
  if (nameOrId === '') throw new UsageError('Cannot inspect a thing without a name');
  try {
    return store.containers.get(nameOrId);
  } catch (error) {
    if (error instanceof ContainerNotFoundError) return undefined;
    throw error;
  }
}

function describeImage(image: StoredImage, name: string, services: Services): Inspection {
  const { config, dockerOnly } = splitDockerConfig(image.config);
  return {
    ...originOf(image, name),
    ImageAnnotations: image.manifest.annotations ?? null,
    ...viewsOf(config, dockerOnly),
    ...surroundingsOf(undefined, services),
    History: config.history ?? [],
    Devices: [],
  };
}

function inspectContainer(store: Store, container: ContainerRecord, services: Services): Inspection {
  const image = container.image === undefined ? undefined : store.readImage(container.image.manifest);
  const history = [...(container.config.history ?? []), ...(container.addedHistory ?? [])];
  return {
    ...originOf(image, container.image?.name ?? ''),
    Container: container.name,
    ContainerID: container.id,
    MountPoint: mountedAt(store, container.id) ?? '',
    ImageAnnotations: container.annotations ?? null,
    ImageCreatedBy: container.historyNotes?.createdBy ?? '',
    ...viewsOf(container.config, container.dockerOnly),
    ...surroundingsOf(container, services),
    History: history,
    Devices: container.defaults?.devices ?? [],
  };
}

function originOf(image: StoredImage | undefined, name: string) {
  return {
    Type: 'buildah 0.0.1', // the value Buildah's own scripts look for
    FromImage: name,
    FromImageID: image?.imageId ?? '',
    FromImageDigest: image?.descriptor.digest ?? '',
    Config: image === undefined ? '' : Buffer.from(image.configBytes).toString(),
    Manifest: image === undefined ? '' : Buffer.from(image.manifestBytes).toString(),
    Container: '',
    ContainerID: '',
    MountPoint: '',
    ProcessLabel: '',
    MountLabel: '',
    ImageAnnotations: null,
    ImageCreatedBy: '',
  };
}

/** One configuration as each of the two formats has it. */
function viewsOf(config: ImageConfig, extras: DockerExtras | undefined): Pick<Inspection, 'OCIv1' | 'Docker'> {
  return { OCIv1: JSON.parse(Buffer.from(encodeImageConfig(config)).toString()) as ImageConfig, Docker: dockerConfig(config, extras) };
}

/** Namespaces that commands have. */
const NAMESPACES = ['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'];

/** As containers/storage names the fields. */
function mappingOf(ranges: readonly IdRange[] = []): object[] {
  return ranges.map(({ inside, outside, count }) => ({ container_id: inside, host_id: outside, size: count }));
}

function surroundingsOf(container: ContainerRecord | undefined, { settings }: Services) {
  const network = container?.defaults?.network;
  const idMaps = container?.idMaps;
  const isHost = (name: string): boolean =>
    (name === 'user' && idMaps === undefined) || name === 'cgroup' || (name === 'network' && network !== 'none');
  return {
    DefaultMountsFilePath: '',
    Isolation: settings.rootless ? 'rootless' : 'oci',
    NamespaceOptions: NAMESPACES.map((name) => ({ Name: name, Host: isHost(name), Path: '' })),
    Capabilities: container === undefined ? null : [...(confinementOf(container).capabilities ?? DEFAULT_CAPABILITIES)].sort(),
    ConfigureNetwork: network === 'none' ? 'NetworkDisabled' : 'NetworkEnabled',
    CNIPluginPath: '',
    CNIConfigDir: '',
    IDMappingOptions: {
      HostUIDMapping: idMaps === undefined,
      HostGIDMapping: idMaps === undefined,
      UIDMap: mappingOf(idMaps?.uids),
      GIDMap: mappingOf(idMaps?.gids),
      AutoUserNs: false,
      AutoUserNsOpts: {
        Size: 0,
        InitialSize: 0,
        PasswdFile: '',
        GroupFile: '',
        AdditionalUIDMappings: null,
        AdditionalGIDMappings: null,
      },
    },
  };
}
