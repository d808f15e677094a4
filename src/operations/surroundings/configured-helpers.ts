import { readContainersConf, type Settings } from '../../config/index.js';
import { UsageError } from '../../errors.js';
import type { NetworkHelper, NetworksOptions } from '../../sandbox/index.js';

/**
 * What variables and containers.conf say of the helpers of private networks.
 *
 * @throws {UsageError} the file names a helper that tsbuild does not know
 */
export async function readConfiguredHelpers(settings: Settings): Promise<Pick<NetworksOptions, 'path' | 'preferred' | 'pastaOptions'>> {
  const { CONTAINERS_HELPER_BINARY_DIR: own, PATH } = settings.environment;
  const keys = ['default_rootless_network_cmd', 'pasta_options', 'helper_binaries_dir'];
  const { networkHelper, pastaOptions, helperDirs = [] } = await readContainersConf(settings, keys);
  return {
    path: [own, ...helperDirs, PATH].filter((folders) => folders !== undefined && folders !== '').join(':'),
    preferred: networkHelper === undefined ? undefined : readHelper(networkHelper),
    pastaOptions,
  };
}

function readHelper(word: string): NetworkHelper {
  if (word === 'pasta' || word === 'slirp4netns') return word;
  throw new UsageError(`default_rootless_network_cmd ${JSON.stringify(word)} of containers.conf is neither pasta nor slirp4netns`);
}
