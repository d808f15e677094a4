import { hasCode } from '../../errors.js';
import type { Services, Workspace } from '../context.js';
import { withRemoteLayers } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { fetchingSnapshots } from '../remote/fetching-snapshots.js';
import type { RemoteLayers } from '../remote/remote-layers.js';
import type { SharedCache, SharedCacheOptions } from './shared-cache.js';

type Options = SharedCacheOptions & RegistryOptions;

/** What a build works with: snapshots that fetch what they need, and records and layers of the caches it shares. */
export interface BuildWorkspace extends Workspace {
  readonly remote: RemoteLayers;
  readonly shared: SharedCache | undefined;
}

/**
 * Runs `body` on a workspace for a build. When a shared cache turns out not to give a layer it promised, `body` runs again without imported caches:
 * steps that were done meanwhile are in the store's own cache, so little is done twice.
 */
export async function withSharedWorkspace<O extends Options, T>(
  options: O,
  workspace: Workspace,
  services: Services,
  body: (workspace: BuildWorkspace, options: O) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(options, workspace, services, body);
  } catch (error) {
    if (options.cacheFrom.length === 0 || !hasCode(error, 'CACHE_LAYER_LOST')) throw error;
    services.reporter.report({ kind: 'warning', text: `${(error as Error).message}; building again without --cache-from` });
    return await attempt({ ...options, cacheFrom: [] }, workspace, services, body);
  }
}

async function attempt<O extends Options, T>(
  options: O,
  own: Workspace,
  services: Services,
  body: (workspace: BuildWorkspace, options: O) => Promise<T>,
): Promise<T> {
  return withRemoteLayers(own.store, services, async (remote) => {
    const workspace = { ...own, snapshots: fetchingSnapshots(own.snapshots, remote), remote };
    if (options.cacheFrom.length === 0 && options.cacheTo.length === 0) return body({ ...workspace, shared: undefined }, options);
    // Loaded late: most builds share nothing.
    const { SharedCache } = await import('./shared-cache.js');
    const shared = await SharedCache.open(options, workspace, remote, new RegistryAccess(services, options), services);
    try {
      return await body({ ...workspace, ...shared.workspace, shared }, options);
    } finally {
      await shared.close();
    }
  });
}
