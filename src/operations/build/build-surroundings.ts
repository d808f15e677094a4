import type { Services } from '../context.js';
import { readCommandOptions } from '../surroundings/command-surroundings.js';
import { readConfigured } from '../surroundings/configured.js';
import { readDns } from '../surroundings/dns-flags.js';
import { Entitlements } from '../surroundings/entitlements.js';
import { readIsolation } from '../surroundings/isolation-flag.js';
import { LateNetworks, requestedNetwork } from '../surroundings/late-networks.js';
import { parseAddHost } from '../surroundings/run-flags.js';
import { readUserNamespace, type UserNamespaceChoice } from '../surroundings/user-namespace.js';
import type { BuildOptions } from './build-options.js';
import { findDevice } from './find-device.js';
import type { StepSurroundings } from './make-step.js';

/** What the commands of a build find around them, but for what a single attempt at it makes. */
export type BuildSurroundings = Omit<StepSurroundings, 'toolbox' | 'context' | 'idMaps'> & {
  /** Which ids commands have: those of `auto` are known when there is a store. */
  readonly userNamespace: UserNamespaceChoice;
};

/**
 * Reads what flags and configuration say of a build's commands, for `body`. Networks and agents that it opens last as long as `body`, however
 * often that builds, and however it ends.
 *
 * @throws {UsageError} a flag that cannot be read, or that names what is not there
 */
export async function withBuildSurroundings<T>(
  options: BuildOptions,
  services: Services,
  body: (surroundings: BuildSurroundings) => Promise<T>,
): Promise<T> {
  const extraHosts = options.addHosts.flatMap(parseAddHost);
  const { idMode, proxyEnvironment } = services.settings;
  const isolation = readIsolation(options.isolation ?? {}, services.settings, options.network);
  const userNamespace = readUserNamespace(options.userNamespace, idMode);
  const proxies = options.httpProxy === false ? {} : proxyEnvironment;
  const networks = new LateNetworks({ extraHosts, proxies, tells: true }, services);
  const configured = await readConfigured(services);
  const network = {
    ...configured.hosts,
    request: requestedNetwork(options.network, isolation),
    open: networks.open,
    dns: readDns(options.dns ?? {}, options.network),
    extraHosts: [...extraHosts, ...configured.hosts.extraHosts],
    writeHosts: options.writeHosts,
    writeHostname: options.writeHostname,
  };
  const { close, ...commands } = await readCommandOptions(options.commands, services);
  try {
    return await body({
      ...commands,
      network,
      isolation,
      userNamespace,
      volumes: [...configured.mounts, ...commands.volumes],
      entitlements: new Entitlements(options.allow),
      sysctls: configured.sysctls,
      revertsVolumes: options.compatVolumes === true,
      findDevice: (name) => findDevice(name, options.commands.cdiDirectories),
      ambient: { ...configured.env, ...proxies },
    });
  } finally {
    // Agents end even where a network does not.
    await networks.close().finally(close);
  }
}
