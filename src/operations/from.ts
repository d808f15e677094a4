import { writeFileSync } from 'node:fs';
import {
  ANNOTATION_BASE_DIGEST,
  ANNOTATION_BASE_NAME,
  ANNOTATION_CREATED,
  ANNOTATION_REF_NAME,
  emptyConfig,
  formatPlatform,
  matchPlatform,
  type Platform,
  parsePlatform,
} from '../image/index.js';
import { type CommandDefaults, ContainerNameInUseError, type ContainerRecord, type Store } from '../store/index.js';
import { withoutNames } from './build/final-config.js';
import { containerPrefix } from './containers/container-name.js';
import { splitDockerConfig } from './containers/docker-only.js';
import { readyImage } from './containers/ready-image.js';
import { type Services, type Workspace, withWorkspace } from './context.js';
import type { PullPolicy } from './pull.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { withHeldIds } from './surroundings/auto-ids.js';
import { type ConfinementOptions, readConfinement } from './surroundings/confinement.js';
import { readUserNamespace, type UserNamespaceOptions } from './surroundings/user-namespace.js';

export interface FromOptions extends RegistryOptions {
  /** Image name or ID, `transport:rest`, or `scratch`. */
  readonly image: string;
  /** Left out: made from the image's name. */
  readonly name?: string | undefined;
  /** What a name that was made ends in before its number; left out: `working-container`. */
  readonly suffix?: string | undefined;
  readonly pull: PullPolicy;
  readonly platform?: string | undefined;
  /** Which fields the container may have; what it is committed as is said then. */
  readonly format: 'oci' | 'docker';
  /** Gets the container's ID. */
  readonly cidFile?: string | undefined;
  readonly defaults: CommandDefaults;
  /** Of the commands that run in the container. */
  readonly confinement: ConfinementOptions;
  /** Of these too; left out: that of the builder. */
  readonly userNamespace?: UserNamespaceOptions | undefined;
}

export interface FromResult {
  readonly containerName: string;
  readonly containerId: string;
}

/** Makes a working container. @throws {ContainerNameInUseError} `name` is taken */
export async function createContainer(options: FromOptions, services: Services): Promise<FromResult> {
  const confinement = await readConfinement(options.confinement);
  const userNamespace = readUserNamespace(options.userNamespace, services.settings.idMode);
  return withWorkspace(services, async (workspace) => {
    const { store, snapshots, platform } = workspace;
    const holder = store.containers.list().find(({ name }) => name === options.name);
    // Found out before anything is pulled.
    if (holder !== undefined) throw new ContainerNameInUseError(holder.name, holder.id);
    const wanted = options.platform === undefined ? platform : parsePlatform(options.platform);
    const origin = options.image === 'scratch' ? fromScratch(wanted) : await fromImage(options, wanted, workspace, services);
    const confined = Object.keys(confinement).length === 0 ? {} : { confinement };
    const { diff_ids: diffIds } = origin.config.rootfs;
    // Held until the container has them.
    const record = await withHeldIds(userNamespace, store, async (idMaps) => {
      const fields = {
        createdAt: new Date().toISOString(),
        ...origin,
        format: options.format,
        defaults: options.defaults,
        ...confined,
        ...(idMaps === undefined ? {} : { idMaps }),
        diffIds,
      };
      return enter(options, fields, await snapshots.prepare(snapshots.lowers(diffIds)), store);
    });
    if (options.cidFile !== undefined) writeFileSync(options.cidFile, record.id);
    return { containerName: record.name, containerId: record.id };
  });
}

type Origin = Pick<ContainerRecord, 'config' | 'image' | 'annotations' | 'dockerOnly'>;

function enter(
  { image, name, suffix }: FromOptions,
  fields: Omit<ContainerRecord, 'id' | 'name'>,
  working: Parameters<Store['containers']['create']>[1],
  { containers }: Store,
): Promise<ContainerRecord> {
  if (name !== undefined) return containers.create({ name, ...fields }, working);
  const first = `${containerPrefix(image, fields.image?.name)}${suffix ?? 'working-container'}`;
  return containers.createNamed((number) => (number === 0 ? first : `${first}-${number}`), fields, working);
}

function fromScratch(platform: Platform): Origin {
  return { config: emptyConfig(platform), annotations: { [ANNOTATION_BASE_DIGEST]: '', [ANNOTATION_BASE_NAME]: '' } };
}

async function fromImage(options: FromOptions, platform: Platform, workspace: Workspace, services: Services): Promise<Origin> {
  const access = new RegistryAccess(services, options);
  const exactPlatform = options.platform !== undefined;
  const image = await readyImage({ image: options.image, policy: options.pull, platform, exactPlatform }, access, workspace, services);
  if (matchPlatform(platform, image.config) === undefined) {
    const text = `${options.image} is for ${formatPlatform(image.config)}, not for ${formatPlatform(platform)}`;
    services.reporter.report({ kind: 'warning', text });
  }
  // An image that is given by its ID is known by a name, if it has one.
  const name = image.name ?? workspace.store.names.list().find(({ descriptor }) => descriptor.digest === image.descriptor.digest)?.name;
  const { config, dockerOnly } = splitDockerConfig(image.config);
  return {
    config,
    dockerOnly,
    annotations: {
      // A name in a layout and the time of the base say nothing of what is made of it.
      ...withoutNames(image.manifest.annotations ?? {}, [ANNOTATION_REF_NAME, ANNOTATION_CREATED]),
      [ANNOTATION_BASE_DIGEST]: image.manifestDescriptor.digest,
      [ANNOTATION_BASE_NAME]: name ?? '',
    },
    image: { id: image.imageId, ...(name === undefined ? {} : { name }), manifest: image.manifestDescriptor },
  };
}
