import type { DnsSettings, NetworkRequest, Networks, SandboxFile, SandboxPlan, Sysctl } from '../../sandbox/index.js';

/** What commands are to find of the world around them. */
export interface CommandNetwork {
  readonly request: NetworkRequest;
  /** The networks of this operation; asked for by the first command that runs. */
  readonly open: () => Promise<Networks>;
  readonly dns?: DnsSettings | undefined;
  /** Further lines of /etc/hosts; the address `host-gateway` is that of this machine. */
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  /** The text of a hosts file that stands in place of this machine's. */
  readonly baseHosts?: string | undefined;
  /** What `host-gateway` stands for; undefined: the network knows. */
  readonly hostAddress?: string | undefined;
  /** False: the image's own /etc/hosts, /etc/hostname. */
  readonly writeHosts?: boolean | undefined;
  readonly writeHostname?: boolean | undefined;
}

/** What a plan has of its network. */
export interface NetworkPlan {
  readonly network: SandboxPlan['network'];
  readonly files: readonly SandboxFile[];
  /** Made here, for one command at a time: neither the machine's nor one that is there anyway. */
  readonly isOwn: boolean;
}

/**
 * A command will run soon: begins to make its network, beside what has to be done before.
 *
 * @returns resolves when the helper is starting, not when it has started; never rejects
 */
export async function prepareNetwork({ request, open }: CommandNetwork): Promise<void> {
  if (request.kind !== 'default' && request.kind !== 'private') return;
  await open().then(
    (networks) => networks.prepare(request),
    // Whoever leases one meets the same problem.
    () => {},
  );
}

/**
 * Runs `body` with a network for one command.
 *
 * @param mayChangeIt the command has the capability to reconfigure it, so that no other gets it afterwards
 * @throws {NetworkError} a private one was asked for and cannot be had
 */
export async function withCommandNetwork<T>(
  network: CommandNetwork,
  { hostname, mayChangeIt }: { readonly hostname: string; readonly mayChangeIt: boolean },
  body: (plan: NetworkPlan) => Promise<T>,
): Promise<T> {
  const { hostFiles } = await import('../../sandbox/index.js');
  const leased = await (await network.open()).lease(network.request);
  try {
    const extraHosts = network.extraHosts.flatMap(({ name, address }) => {
      const found = address === 'host-gateway' ? (network.hostAddress ?? leased.hostAddress) : address;
      return found === undefined ? [] : [{ name, address: found }];
    });
    const { dns, baseHosts } = network;
    const files = hostFiles({ hostname, network: leased.kind, resolver: leased.resolver, dns, extraHosts, baseHosts });
    const isWanted = ({ target }: SandboxFile): boolean =>
      (target !== '/etc/hosts' || network.writeHosts !== false) && (target !== '/etc/hostname' || network.writeHostname !== false);
    const isOwn = leased.plan !== 'host' && network.request.kind !== 'path';
    return await body({ network: leased.plan, files: files.filter(isWanted), isOwn });
  } finally {
    await leased.release(mayChangeIt);
  }
}

/**
 * Those of `sysctls` that a command gets, as Buildah has it: those of networks only where the network is its own, none with the isolation that
 * makes do without namespaces. Who has ids of its own may not configure a network that belongs to the builder.
 */
export function sysctlsOf(
  sysctls: readonly Sysctl[],
  { network, isOwn }: NetworkPlan,
  { isolation, hasOwnIds }: { readonly isolation: SandboxPlan['isolation']; readonly hasOwnIds: boolean },
): readonly Sysctl[] {
  if (isolation?.kind === 'chroot') return [];
  const mayConfigure = isOwn && !(hasOwnIds && network !== 'none');
  return sysctls.filter(({ path }) => mayConfigure || !path.startsWith('net/'));
}

/** What a cache key says of the network: what a command can find out, and no path of this machine. */
export function networkInputs({ request, dns, extraHosts, writeHosts, writeHostname }: CommandNetwork): Readonly<Record<string, string>> {
  return {
    // The default is the host's or stands in for it: the same command gets the same answers from outside.
    'run.network': request.kind === 'default' ? 'host' : request.kind === 'path' ? 'ns' : request.kind,
    'run.hosts': JSON.stringify(extraHosts),
    ...(dns === undefined ? {} : { 'run.dns': JSON.stringify([dns.servers, dns.search, dns.options]) }),
    ...(writeHosts === false ? { 'run.no-hosts': 'true' } : {}),
    ...(writeHostname === false ? { 'run.no-hostname': 'true' } : {}),
  };
}
