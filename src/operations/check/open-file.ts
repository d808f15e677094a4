import { hostPlatform, type Platform, parsePlatform } from '../../image/index.js';
import type { Store } from '../../store/index.js';
import { type Services, withStore } from '../context.js';
import type { PullPolicy } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { type ResolvedFile, resolveFile } from './resolved-file.js';

export interface OpenOptions extends RegistryOptions {
  readonly contextDirectory: string;
  readonly files: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets: readonly string[];
  /** `linux/arm64`; left out: this machine's. */
  readonly platform?: string | undefined;
  /** `never`: of base images, only those in the store are looked at. */
  readonly policy: PullPolicy;
}

/** Runs `body` on the Containerfile as it resolves; takes no lock and runs nothing. */
export async function withResolvedFile<T>(
  options: OpenOptions,
  services: Services,
  body: (file: ResolvedFile, store: Store, own: Platform) => Promise<T>,
): Promise<T> {
  return withStore(services, async (store) => {
    const own = hostPlatform(process.arch);
    const platform = options.platform === undefined || options.platform === 'local' ? own : parsePlatform(options.platform);
    const search = { store, policy: options.policy, access: new RegistryAccess(services, options), services };
    return body(await resolveFile({ ...options, platform }, search, { platform: own }), store, own);
  });
}
