import { randomBytes } from 'node:crypto';
import { emptyConfig, type ImageConfig, type ImageFormat, type Platform, parsePlatform } from '../image/index.js';
import type { ContainerRecord, Store } from '../store/index.js';
import { type Services, withWorkspace } from './context.js';
import { obtainImage, type PullPolicy } from './pull.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';

export interface FromOptions extends RegistryOptions {
  /** Image name or ID, `transport:rest`, or `scratch`. */
  readonly image: string;
  /** Left out: made from the image's name. */
  readonly name?: string | undefined;
  readonly pull: PullPolicy;
  readonly platform?: string | undefined;
}

export interface FromResult {
  readonly containerName: string;
  readonly containerId: string;
}

/** Makes a working container. @throws {ContainerNameInUseError} `name` is taken */
export async function createContainer(options: FromOptions, services: Services): Promise<FromResult> {
  return withWorkspace(services, async ({ store, snapshots, platform }) => {
    const wanted = options.platform === undefined ? platform : parsePlatform(options.platform);
    const origin = options.image === 'scratch' ? fromScratch(wanted) : await fromImage(options, wanted, store, services);
    const { diff_ids: diffIds } = origin.config.rootfs;
    await snapshots.ensure(
      diffIds.map((diffId) => ({ diffId })),
      { signal: services.signal },
    );
    const working = await snapshots.prepare(snapshots.lowers(diffIds));
    const record = await store.containers.create(
      {
        name: options.name ?? freeName(options.image, store),
        createdAt: new Date().toISOString(),
        ...origin,
        diffIds,
      },
      working,
    );
    return { containerName: record.name, containerId: record.id };
  });
}

type Origin = Pick<ContainerRecord, 'config' | 'format' | 'image' | 'annotations'>;

function fromScratch(platform: Platform): { config: ImageConfig; format: ImageFormat } {
  return { config: emptyConfig(platform), format: 'oci' };
}

async function fromImage(options: FromOptions, platform: Platform, store: Store, services: Services): Promise<Origin> {
  const access = new RegistryAccess(services, options);
  const named = await obtainImage({ image: options.image, policy: options.pull, platform }, store, access, services);
  const image = store.readImage(named.descriptor, platform);
  return {
    config: image.config,
    format: image.manifest.mediaType?.startsWith('application/vnd.docker.') === true ? 'docker' : 'oci',
    image: { id: image.imageId, ...(named.name === undefined ? {} : { name: named.name }), manifest: image.manifestDescriptor },
  };
}

/** `app-working-container`, then `app-working-container-1`, ...; of scratch `working-container`, as Buildah has it. */
function freeName(image: string, store: Store): string {
  const last = image.replace(/@.*$/, '').replace(/\/+$/, '').split('/').at(-1) ?? '';
  const prefix = last.replace(/:[^:]*$/, '').replace(/[^a-zA-Z0-9_.-]/g, '-') || randomBytes(4).toString('hex');
  const base = image === 'scratch' ? 'working-container' : `${prefix}-working-container`;
  const taken = new Set(store.containers.list().map((container) => container.name));
  for (let number = 0; ; number++) {
    const name = number === 0 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}
