import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { nameServersOf } from '../host-files.js';
import { type DefaultNetwork, type ProbedNetwork, probeDefaultNetwork } from './default-network.js';
import { NetworkError } from './errors.js';
import { type HelperProgram, helperPrograms } from './helper-programs.js';
import { helperCommand, tunnelProblem } from './helpers.js';
import { openPrivateNetwork, type PrivateNetwork } from './private-network.js';
import { choiceKey, RememberedChoice } from './remembered-choice.js';
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
  /** Outside of every namespace of ours. */
  readonly uid: number;
  /** Where helpers are looked for. */
  readonly path: string | undefined;
  /** The helper that is tried first; undefined: pasta. */
  readonly preferred?: NetworkHelper | undefined;
  /** Of pasta, before those of a request. */
  readonly pastaOptions?: readonly string[] | undefined;
  /** Let commands reach what listens on this machine's loopback: somebody asked for `host-gateway`. */
  readonly hostReachable: boolean;
  /** Why commands that nobody chose a network for need that of the host; undefined: nothing known in advance. */
  readonly hostOnly: string | undefined;
  /** Where the outcome of a probe is kept for the next operation; undefined: nowhere. */
  readonly memory: string | undefined;
  /** Told once, as soon as it is known which network commands get that nobody chose one for. */
  readonly onDefault: (choice: DefaultNetwork) => void;
  /** Ends what is being made or asked. */
  readonly signal: AbortSignal;
}

type PrivateRequest = NetworkRequest & { readonly kind: 'private' };

/**
 * The networks of the commands of one build. A private one costs tens of milliseconds, so it is made when the first command wants one and
 * used again when that has ended; commands that run at the same time have one each.
 */
export class Networks {
  readonly #idle = new Map<string, PrivateNetwork[]>();
  readonly #open = new Set<PrivateNetwork>();
  readonly #prepared = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  #default: Promise<DefaultNetwork> | undefined;

  constructor(readonly options: NetworksOptions) {
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
  }

  /** A command is about to want one: begins to make it. What goes wrong, {@link lease} tells. */
  prepare(request: NetworkRequest): void {
    const key = JSON.stringify(request);
    if (this.#prepared.has(key) || (request.kind !== 'default' && request.kind !== 'private')) return;
    const work = request.kind === 'default' ? this.defaultNetwork() : this.#make(request).then((network) => this.#keep(request, network));
    this.#prepared.set(
      key,
      work.then(
        () => {},
        () => {},
      ),
    );
  }

  /**
   * @throws {NetworkError} a private network was asked for and cannot be had
   * @throws the reason of the signal after an abort
   */
  async lease(request: NetworkRequest): Promise<LeasedNetwork> {
    await this.#prepared.get(JSON.stringify(request));
    switch (request.kind) {
      case 'default':
        return this.#leaseDefault();
      case 'host':
        return hostNetwork();
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

  /** Finds out, or remembers, which network commands get that nobody chose one for. One that had to be made is kept for them. */
  defaultNetwork(): Promise<DefaultNetwork> {
    this.#default ??= this.#choose().then((choice) => {
      this.options.onDefault(choice);
      return choice;
    });
    return this.#default;
  }

  /** Ends every helper, also one that is still starting. Nothing uses its network any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#prepared.values(), this.#default]);
    await Promise.all([...this.#open].map((network) => network.close()));
    this.#open.clear();
    this.#idle.clear();
  }

  async #leaseDefault(): Promise<LeasedNetwork> {
    const choice = await this.defaultNetwork();
    if (choice.kind === 'host') return hostNetwork();
    try {
      return await this.#private({ kind: 'private', helper: choice.helper, options: [] });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      // It worked before: a build is not to fail for what nobody asked for.
      const host: DefaultNetwork = { kind: 'host', reason: error.reason };
      this.#default = Promise.resolve(host);
      this.options.onDefault(host);
      return hostNetwork();
    }
  }

  async #choose(): Promise<DefaultNetwork> {
    const { path, preferred, pastaOptions = [], uid, memory, hostOnly } = this.options;
    if (hostOnly !== undefined) return { kind: 'host', reason: hostOnly };
    const helpers = helperPrograms(path, preferred);
    const resolvConf = readOrEmpty('/etc/resolv.conf');
    const key = (): string => choiceKey({ bootId: readOrEmpty('/proc/sys/kernel/random/boot_id'), uid, resolvConf, helpers, pastaOptions });
    const remembered = memory === undefined ? undefined : new RememberedChoice(memory, key(), Date.now);
    const known = remembered?.read();
    if (known?.kind === 'host') return known;
    if (known !== undefined && (await this.#begin({ kind: 'private', helper: known.helper, options: [] }))) return known;
    const probed = await this.#probe(helpers, resolvConf);
    remembered?.write(probed);
    return probed.choice;
  }

  /** False: the helper that worked once does not any more. */
  async #begin(request: PrivateRequest): Promise<boolean> {
    try {
      this.#keep(request, await this.#make(request));
      return true;
    } catch (error) {
      if (error instanceof NetworkError) return false;
      throw error;
    }
  }

  async #probe(helpers: readonly HelperProgram[], resolvConf: string): Promise<ProbedNetwork> {
    const probed = await probeDefaultNetwork({
      helpers,
      open: (helper) => this.#openBy(helper, []),
      nameServers: (resolver) => nameServersOf(resolvConf, resolver),
      signal: this.#signal,
    });
    const { network, choice } = probed;
    if (network === undefined || choice.kind === 'host') return probed;
    this.#open.add(network);
    this.#keep({ kind: 'private', helper: choice.helper, options: [] }, network);
    return probed;
  }

  async #private(request: PrivateRequest): Promise<LeasedNetwork> {
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

  #keep(request: PrivateRequest, network: PrivateNetwork): void {
    const idle = this.#idle.get(keyOf(request)) ?? [];
    idle.push(network);
    this.#idle.set(keyOf(request), idle);
  }

  /** @throws {NetworkError} no helper works; the reason of each is in it */
  async #make({ helper: wanted, options }: PrivateRequest): Promise<PrivateNetwork> {
    const reasons: string[] = [];
    for (const { name, program } of helperPrograms(this.options.path, this.options.preferred)) {
      if (wanted !== undefined && name !== wanted) continue;
      if (program === undefined) {
        reasons.push(`${name} was not found`);
        continue;
      }
      try {
        const network = await this.#openBy({ name, program }, options);
        this.#open.add(network);
        return network;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        reasons.push(error.reason);
      }
    }
    throw new NetworkError([...reasons, tunnelProblem()].filter((reason) => reason !== undefined).join('; '));
  }

  #openBy({ name, program }: HelperProgram & { readonly program: string }, options: readonly string[]): Promise<PrivateNetwork> {
    const { hostReachable, isRealRoot, pastaOptions = [] } = this.options;
    const all = name === 'pasta' ? [...pastaOptions, ...options] : options;
    return openPrivateNetwork(helperCommand(name, program, { options: all, hostReachable, isRealRoot }), hostReachable, this.#signal);
  }
}

function hostNetwork(): LeasedNetwork {
  return { plan: 'host', kind: 'host', resolver: undefined, hostAddress: ownAddress(), release: async () => {} };
}

function keyOf({ helper, options }: PrivateRequest): string {
  return JSON.stringify([helper, options]);
}

/** An address of this machine that is no loopback; 127.0.0.1 where it has none. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** A machine without such a file has nothing in it to tell. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
