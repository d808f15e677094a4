import { hostPlatform, type Platform, parsePlatform } from '../../image/index.js';
import type { Services } from '../context.js';
import type { PullPolicy } from '../pull.js';
import { RegistryAccess, type RegistryOptions } from '../registry-access.js';
import { type ResolvedFile, resolveFile } from './resolved-file.js';
import { type CheckedPlace, type CheckedPlaceOptions, withPlace } from './with-place.js';

export interface OpenOptions extends RegistryOptions, CheckedPlaceOptions {
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
  body: (file: ResolvedFile, checked: CheckedPlace, own: Platform) => Promise<T>,
): Promise<T> {
  return withPlace(options, services, async (checked) => {
    const own = hostPlatform(process.arch);
    const platform = options.platform === undefined || options.platform === 'local' ? own : parsePlatform(options.platform);
    const { store } = checked;
    const search = { store, policy: options.policy, access: new RegistryAccess(services, options), services };
    return body(await resolveFile({ ...options, platform }, checked, search, { platform: own }), checked, own);
  });
}
