import { UsageError } from '../../errors.js';
import type { DnsSettings } from '../../sandbox/index.js';

/** `--dns`, `--dns-search` and `--dns-option`, as written. */
export interface DnsOptions {
  readonly servers?: readonly string[] | undefined;
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/**
 * @returns undefined: none of them is given, the resolver is the host's
 * @throws {UsageError} no address, or flags that exclude each other
 */
export function readDns(given: DnsOptions, network: string | undefined): DnsSettings | undefined {
  const words = (flags: readonly string[] | undefined): string[] => (flags ?? []).flatMap((flag) => flag.split(','));
  const [servers, search, options] = [words(given.servers), words(given.search), words(given.options)];
  if (servers.length + search.length + options.length === 0) return undefined;
  if (network === 'none') throw new UsageError('the --dns options cannot be used with --network none');
  if (servers.some((server) => server.toLowerCase() === 'none')) {
    if (servers.length > 1) throw new UsageError('invalid --dns: --dns=none may not be used with any other --dns options');
    if (search.length > 0) throw new UsageError('invalid --dns-search: --dns-search may not be used with --dns=none');
    if (options.length > 0) throw new UsageError('invalid --dns-option: --dns-option may not be used with --dns=none');
    return { servers: 'none', search, options };
  }
  // Loaded late: it takes a millisecond, and commands seldom name a server.
  const { isIP } = process.getBuiltinModule('node:net');
  const wrong = servers.find((server) => isIP(server.replace(/%.*/, '')) === 0);
  if (wrong !== undefined) throw new UsageError(`invalid --dns: ${JSON.stringify(wrong)} is no address`);
  const broken = [...search, ...options].find((word) => /\s/.test(word) || word === '');
  if (broken !== undefined) throw new UsageError(`invalid --dns-search or --dns-option: ${JSON.stringify(broken)} is no single word`);
  return { servers, search, options };
}
