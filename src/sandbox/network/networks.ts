import { networkInterfaces } from 'node:os';
import { NetworkError } from './errors.js';
import { findHelper, helperCommand, tunnelProblem } from './helpers.js';
import { openPrivateNetwork, type PrivateNetwork } from './private-network.js';
import type { NetworkHelper, NetworkRequest } from './request.js';

/** The network of one command. */
export interface LeasedNetwork {
  /** For the plan of its sandbox. */
  readonly plan: 'host' | 'none' | { readonly path: string };
  /** `private`: other addresses than the host's, and a resolver of its own. */
  readonly kind: 'host' | 'none' | 'private';
  /** A name server that works there wherever the host's is; undefined: the host's own. */
  readonly resolver: string | undefined;
  /** Where the host is, for `host-gateway`; undefined: it cannot be reached. */
  readonly hostAddress: string | undefined;
  /** The command has ended. `spoilt`: it could change the network, so no other gets it. */
  release(spoilt?: boolean): Promise<void>;
}

export interface NetworksOptions {
  /** No user namespace: helpers are told to stay root. */
  readonly isRealRoot: boolean;
  /** Where helpers are looked for. */
  readonly path: string | undefined;
  /** Let commands reach what listens on this machine's loopback: somebody asked for `host-gateway`. */
  readonly hostReachable: boolean;
}

/**
 * The networks of the commands of one build. A private one costs tens of milliseconds, so it is made when the first command wants one and
 * used again when that has ended; commands that run at the same time have one each.
 */
export class Networks {
  readonly #idle = new Map<string, PrivateNetwork[]>();
  readonly #open = new Set<PrivateNetwork>();

  constructor(readonly options: NetworksOptions) {}

  /** @throws {NetworkError} a private network was asked for and cannot be had */
  async lease(request: NetworkRequest): Promise<LeasedNetwork> {
    switch (request.kind) {
      // Whether a private network reaches name servers is not known before a command asks one; a build must not fail for that unasked.
      case 'default':
      case 'host':
        return { plan: 'host', kind: 'host', resolver: undefined, hostAddress: ownAddress(), release: async () => {} };
      case 'none':
        return { plan: 'none', kind: 'none', resolver: undefined, hostAddress: undefined, release: async () => {} };
      case 'path': {
        const { path } = request;
        return { plan: { path }, kind: 'private', resolver: undefined, hostAddress: ownAddress(), release: async () => {} };
      }
      case 'private':
        return this.#private(request);
    }
  }

  /** Ends every helper. Nothing uses its network any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((network) => network.close()));
    this.#open.clear();
    this.#idle.clear();
  }

  async #private(request: NetworkRequest & { kind: 'private' }): Promise<LeasedNetwork> {
    const network = this.#idle.get(keyOf(request))?.pop() ?? (await this.#make(request));
    return {
      plan: { path: network.path },
      kind: 'private',
      resolver: network.helper.resolver,
      hostAddress: network.gateway,
      release: async (spoilt = false) => {
        if (!spoilt) {
          this.#keep(request, network);
          return;
        }
        this.#open.delete(network);
        await network.close();
      },
    };
  }

  #keep(request: NetworkRequest & { kind: 'private' }, network: PrivateNetwork): PrivateNetwork {
    const idle = this.#idle.get(keyOf(request)) ?? [];
    idle.push(network);
    this.#idle.set(keyOf(request), idle);
    return network;
  }

  /** @throws {NetworkError} no helper works; the reason of each is in it */
  async #make({ helper, options }: NetworkRequest & { kind: 'private' }): Promise<PrivateNetwork> {
    const { path, hostReachable, isRealRoot } = this.options;
    const candidates: readonly NetworkHelper[] = helper === undefined ? ['pasta', 'slirp4netns'] : [helper];
    const reasons: string[] = [];
    for (const name of candidates) {
      const program = findHelper(name, path);
      if (program === undefined) {
        reasons.push(`${name} was not found`);
        continue;
      }
      try {
        const network = await openPrivateNetwork(helperCommand(name, program, { options, hostReachable, isRealRoot }), hostReachable);
        this.#open.add(network);
        return network;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        reasons.push(error.reason);
      }
    }
    throw new NetworkError([...reasons, tunnelProblem()].filter((reason) => reason !== undefined).join('; '));
  }
}

function keyOf({ helper, options }: NetworkRequest & { kind: 'private' }): string {
  return JSON.stringify([helper, options]);
}

/** An address of this machine that is no loopback; 127.0.0.1 where it has none. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
