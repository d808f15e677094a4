import { join } from 'node:path';
import type { CommandNetwork } from '../../builder/steps/index.js';
import type { DefaultNetwork, Isolation, NetworkRequest, Networks } from '../../sandbox/index.js';
import type { Services } from '../context.js';
import { readConfiguredHelpers } from './configured-helpers.js';
import { parseNetwork } from './network-flag.js';

/** Below the run root: what the last probe for the default network found. */
const MEMORY = 'default-network.json';

// Behind a scheme and a user, which may both be missing.
const LOOPBACK_URL = /^(?:[a-z0-9]+:\/\/)?(?:[^@/]*@)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/i;

export interface LateNetworksOptions {
  /** Of `--add-host`: one may ask for this machine's address. */
  readonly extraHosts: readonly { readonly address: string }[];
  /** Proxy variables that commands get. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Say, as a note, which network commands get that nobody chose one for. */
  readonly tells?: boolean;
  /** False: the outcome of the probe is neither taken from an earlier one nor kept. */
  readonly remembers?: boolean;
}

/** The networks of an operation, loaded when a command runs. */
export class LateNetworks {
  #networks: Promise<Networks> | undefined;

  constructor(
    readonly options: LateNetworksOptions,
    readonly services: Services,
  ) {}

  readonly open: CommandNetwork['open'] = () => {
    this.#networks ??= this.#load();
    return this.#networks;
  };

  /** When no command runs any more. */
  async close(): Promise<void> {
    await (await this.#networks)?.close();
  }

  async #load(): Promise<Networks> {
    const { Networks } = await import('../../sandbox/index.js');
    const { settings, signal, reporter } = this.services;
    const { extraHosts, proxies = {}, tells = false, remembers = true } = this.options;
    return new Networks({
      isRealRoot: settings.idMode === 'root',
      uid: settings.uid,
      ...(await readConfiguredHelpers(settings)),
      hostReachable: extraHosts.some(({ address }) => address === 'host-gateway'),
      hostOnly: loopbackProxy(proxies),
      memory: remembers ? join(settings.runRoot, MEMORY) : undefined,
      onDefault: (choice) => {
        if (tells) reporter.report({ kind: 'note', text: describeDefaultNetwork(choice) });
      },
      signal,
    });
  }
}

/**
 * The network that commands are to have.
 *
 * @param named by a flag, a file or `TSBUILD_NETWORK`
 * @throws {UsageError} no network that there is
 */
export function requestedNetwork(named: string | undefined, isolation: Isolation): NetworkRequest {
  const request = parseNetwork(named);
  // That isolation makes do without namespaces, and its network is the host's.
  return request.kind === 'default' && isolation.kind === 'chroot' ? { kind: 'host' } : request;
}

function describeDefaultNetwork(choice: DefaultNetwork): string {
  return choice.kind === 'private' ? `RUN uses a private network (${choice.helper})` : `RUN uses the host's network: ${choice.reason}`;
}

/** Why commands need the network of the host: a proxy that they are told of listens on its loopback. */
function loopbackProxy(proxies: Readonly<Record<string, string>>): string | undefined {
  const found = Object.entries(proxies).find(([name, value]) => !/^no_proxy$/i.test(name) && LOOPBACK_URL.test(value));
  return found === undefined ? undefined : `${found[0]} names a proxy on its loopback`;
}
