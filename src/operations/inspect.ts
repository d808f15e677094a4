import { UsageError } from '../errors.js';
import { chooseByPlatform, type Descriptor, hostPlatform, type ImageConfig, isIndexType, parseIndex } from '../image/index.js';
import { ContainerNotFoundError, type ContainerRecord, ImageNotFoundError, type Store, type StoredImage } from '../store/index.js';
import { type Services, withStore } from './context.js';

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
}

/** @throws {ImageNotFoundError} @throws {ContainerNotFoundError} nothing has that name */
export async function inspect(options: InspectOptions, services: Services): Promise<Inspection> {
  return withStore(services, async (store) => {
    if (options.type !== 'image') {
      const container = findContainer(store, options.name);
      if (container !== undefined) return inspectContainer(store, container);
      if (options.type === 'container') throw new ContainerNotFoundError(options.name);
    }
    const named = store.names.resolve(options.name);
    if (named === undefined) throw new ImageNotFoundError(options.name);
    const image = store.readImage(instanceFor(named.descriptor, store));
    const isIndex = options.wantsIndex === true && isIndexType(named.descriptor.mediaType);
    const manifest = isIndex ? { Manifest: Buffer.from(store.blobs.readAll(named.descriptor)).toString() } : {};
    const described = describe(image.config, { ...image, descriptor: named.descriptor }, named.name ?? '');
    return { ...described, Container: '', ContainerID: '', ...manifest };
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
  return store.containers.list().find((container) => container.name === nameOrId || container.id === nameOrId);
}

function inspectContainer(store: Store, container: ContainerRecord): Inspection {
  const image = container.image === undefined ? undefined : store.readImage(container.image.manifest);
  return { ...describe(container.config, image, container.image?.name ?? ''), Container: container.name, ContainerID: container.id };
}

function describe(config: ImageConfig, image: StoredImage | undefined, name: string): Inspection {
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
    ImageAnnotations: image?.manifest.annotations ?? null,
    ImageCreatedBy: '',
    OCIv1: config,
    Docker: dockerView(config),
  };
}

/** The config as Docker's format has it: the same facts, with Docker's keys beside `config`. */
function dockerView(config: ImageConfig): Record<string, unknown> {
  const { created, author, architecture, os, variant, rootfs, history } = config;
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    container_config: config.config ?? {},
    config: config.config ?? {},
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    rootfs,
    history: history ?? [],
  };
}
