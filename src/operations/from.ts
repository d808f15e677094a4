import { randomBytes } from 'node:crypto';
import { emptyConfig, type Platform, parsePlatform } from '../image/index.js';
import type { ContainerRecord, Store } from '../store/index.js';
import { type Services, withWorkspace } from './context.js';
import { obtainImage, type PullPolicy, withRemoteLayers } from './pull.js';
import { RegistryAccess, type RegistryOptions } from './registry-access.js';
import { fetchingSnapshots } from './remote/fetching-snapshots.js';
import type { RemoteLayers } from './remote/remote-layers.js';
import { type ConfinementOptions, readConfinement } from './surroundings/confinement.js';

export interface FromOptions extends RegistryOptions {
  /** Image name or ID, `transport:rest`, or `scratch`. */
  readonly image: string;
  /** Left out: made from the image's name. */
  readonly name?: string | undefined;
  readonly pull: PullPolicy;
  readonly platform?: string | undefined;
  /** Of the commands that run in the container. */
  readonly confinement: ConfinementOptions;
}

export interface FromResult {
  readonly containerName: string;
  readonly containerId: string;
}

/** Makes a working container. @throws {ContainerNameInUseError} `name` is taken */
export async function createContainer(options: FromOptions, services: Services): Promise<FromResult> {
  const confinement = await readConfinement(options.confinement);
  const confined = Object.keys(confinement).length === 0 ? {} : { confinement };
  return withWorkspace(services, async ({ store, snapshots, platform }) => {
    const wanted = options.platform === undefined ? platform : parsePlatform(options.platform);
    return withRemoteLayers(store, services, async (remote) => {
      const origin = options.image === 'scratch' ? fromScratch(wanted) : await fromImage(options, wanted, remote, services);
      const { diff_ids: diffIds } = origin.config.rootfs;
      await fetchingSnapshots(snapshots, remote).ensure(
        diffIds.map((diffId) => ({ diffId })),
        { signal: services.signal },
      );
      await origin.complete();
      const working = await snapshots.prepare(snapshots.lowers(diffIds));
      const { complete: _, ...described } = origin;
      const record = await store.containers.create(
        { name: options.name ?? freeName(options.image, store), createdAt: new Date().toISOString(), ...described, ...confined, diffIds },
        working,
      );
      return { containerName: record.name, containerId: record.id };
    });
  });
}

type Origin = Pick<ContainerRecord, 'config' | 'format' | 'image' | 'annotations'> & {
  /** Brings the rest of the image into the store, and gives it its name there. */
  readonly complete: () => Promise<void>;
};

function fromScratch(platform: Platform): Origin {
  return { config: emptyConfig(platform), format: 'oci', complete: async () => {} };
}

async function fromImage(options: FromOptions, platform: Platform, remote: RemoteLayers, services: Services): Promise<Origin> {
  const { store } = remote;
  const access = new RegistryAccess(services, options);
  const named = await obtainImage({ image: options.image, policy: options.pull, platform }, { store, access, services, remote });
  const image = store.readImage(named.descriptor, platform);
  return {
    async complete() {
      await remote.fetchBlobs(named.layers);
      await named.publish();
    },
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
