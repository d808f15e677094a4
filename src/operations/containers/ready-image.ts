import type { StoredImage } from '../../store/index.js';
import type { Services, Workspace } from '../context.js';
import { type ImageRequest, obtainImage, withRemoteLayers } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';
import { fetchingSnapshots } from '../remote/fetching-snapshots.js';

export interface ReadyImage extends StoredImage {
  /** Full name; undefined for one given by ID or path. */
  readonly name: string | undefined;
}

/** Brings an image into the store as the policy says, and extracts its layers, those that are fetched while they come. */
export async function readyImage(
  request: ImageRequest,
  access: RegistryAccess,
  { store, snapshots }: Workspace,
  services: Services,
): Promise<ReadyImage> {
  return withRemoteLayers(store, services, async (remote) => {
    const found = await obtainImage(request, { store, access, services, remote });
    const image = store.readImage(found.descriptor, request.platform);
    const sources = image.config.rootfs.diff_ids.map((diffId) => ({ diffId }));
    await store.writingBack(fetchingSnapshots(snapshots, remote).ensure(sources, { signal: services.signal }));
    await remote.fetchBlobs(found.layers);
    await found.publish();
    return { ...image, name: found.name };
  });
}
