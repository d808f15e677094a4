import { hasCode } from '../../errors.js';
import { type Services, type Workspace, withWorkspace } from '../context.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import type { SharedCache, SharedCacheOptions } from './shared-cache.js';

type Options = SharedCacheOptions & RegistryOptions;

/**
 * As `withWorkspace`, for a build: with the caches it shares, if any. When one of them turns out not to give a layer it promised, `body` runs
 * again without imported caches: steps that were done meanwhile are in the store's own cache, so little is done twice.
 */
export async function withSharedWorkspace<O extends Options, T>(
  options: O,
  services: Services,
  body: (workspace: Workspace, options: O, shared: SharedCache | undefined) => Promise<T>,
): Promise<T> {
  return withWorkspace(services, async (workspace) => {
    if (options.cacheFrom.length === 0 && options.cacheTo.length === 0) return body(workspace, options, undefined);
    try {
      return await attempt(options, workspace, services, body);
    } catch (error) {
      if (!hasCode(error, 'CACHE_LAYER_LOST')) throw error;
      services.reporter.report({ kind: 'warning', text: `${(error as Error).message}; building again without --cache-from` });
      return await attempt({ ...options, cacheFrom: [] }, workspace, services, body);
    }
  });
}

async function attempt<O extends Options, T>(
  options: O,
  workspace: Workspace,
  services: Services,
  body: (workspace: Workspace, options: O, shared: SharedCache | undefined) => Promise<T>,
): Promise<T> {
  // Loaded late: most builds share nothing.
  const { SharedCache } = await import('./shared-cache.js');
  const shared = await SharedCache.open(options, workspace, new RegistryAccess(services, options), services);
  try {
    return await body(shared.workspace, options, shared);
  } finally {
    await shared.close();
  }
}
