import { readFileSync } from 'node:fs';
import { hasCode } from '../errors.js';
import type { SandboxFile } from './plan.js';

/** `--dns`, `--dns-search` and `--dns-option`. */
export interface DnsSettings {
  /** Name servers in place of the host's; `none`: the image's own /etc/resolv.conf. */
  readonly servers: readonly string[] | 'none';
  /** In place of the host's; a lone `.` is none at all. */
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export interface HostFilesOptions {
  readonly hostname: string;
  readonly network: 'host' | 'none' | 'private';
  /** Further lines of /etc/hosts, in the order given (`--add-host`). */
  readonly extraHosts?: readonly { readonly name: string; readonly address: string }[];
  readonly dns?: DnsSettings | undefined;
  /** The text of a hosts file that stands in place of the host's, whichever network. */
  readonly baseHosts?: string | undefined;
  /** A name server that can be reached in the private network, where those of the host may not be. */
  readonly resolver?: string | undefined;
  /** Where the host's own files are; default `/etc`. */
  readonly hostEtc?: string;
}

/** The generated /etc/hosts, /etc/hostname and /etc/resolv.conf of a sandbox. */
export function hostFiles(options: HostFilesOptions): SandboxFile[] {
  return [
    { target: '/etc/hosts', content: hostsContent(options) },
    { target: '/etc/hostname', content: `${options.hostname}\n` },
    ...(options.dns?.servers === 'none' ? [] : [{ target: '/etc/resolv.conf', content: resolvConfContent(options) }]),
  ];
}

/** Names that mean the sandbox itself, then those asked for, then those of the host when it has a network. */
function hostsContent({ hostname, network, extraHosts = [], baseHosts, hostEtc = '/etc' }: HostFilesOptions): string {
  const own = [`127.0.0.1\tlocalhost ${hostname}`, '::1\tlocalhost ip6-localhost ip6-loopback'];
  const extra = extraHosts.map(({ name, address }) => `${address}\t${name}`);
  const ofHost = (): string[] => (network === 'none' ? [] : hostEntries(readOptional(`${hostEtc}/hosts`), network === 'private'));
  const inherited = baseHosts === undefined ? ofHost() : entriesOf(baseHosts);
  return `${[...extra, ...own, ...inherited].join('\n')}\n`;
}

/** The host's lines but those for the loopback addresses: {@link hostsContent} has written two, and the others mean the host itself. */
function hostEntries(text: string, isPrivate: boolean): string[] {
  const written = isPrivate ? /^(127\.[\d.]+|::1)\s/ : /^(127\.0\.0\.1|::1)\s/;
  return entriesOf(text).filter((line) => !written.test(line));
}

function entriesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.filter((line) => line !== '');
}

/**
 * On the host's network its resolver works as it is, a resolver on loopback included. In a private one loopback is another: there
 * the network's own resolver, which asks the host's, takes the place of such name servers.
 */
function resolvConfContent({ network, dns, resolver, hostEtc = '/etc' }: HostFilesOptions): string {
  const host = network === 'none' ? '' : readOptional(`${hostEtc}/resolv.conf`);
  if (dns === undefined && network !== 'private') return host;
  const lines = host.split('\n').map((line) => line.trim().split(/\s+/));
  const valuesOf = (name: string): string[] => lines.filter(([word]) => word === name).flatMap(([, ...values]) => values);
  const search = dns === undefined || dns.search.length === 0 ? valuesOf('search') : dns.search.filter((domain) => domain !== '.');
  const options = dns === undefined || dns.options.length === 0 ? valuesOf('options') : dns.options;
  const given = dns === undefined || dns.servers === 'none' ? [] : dns.servers;
  const servers = given.length > 0 ? given : network === 'private' ? reachable(valuesOf('nameserver'), resolver) : valuesOf('nameserver');
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}\n`] : []),
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(options.length > 0 ? [`options ${options.join(' ')}\n`] : []),
  ].join('');
}

/**
 * Where a command's resolver asks: what its resolv.conf says when no flag says anything else.
 *
 * @param text the host's resolv.conf
 * @param resolver of a private network; undefined: on the host's
 */
export function nameServersOf(text: string, resolver?: string): readonly string[] {
  const named = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  // resolv.conf(5): without any it is the one on this machine.
  return resolver === undefined ? (named.length > 0 ? named : ['127.0.0.1']) : reachable(named, resolver);
}

function reachable(servers: readonly string[], resolver: string | undefined): readonly string[] {
  const outside = servers.filter((server) => !/^(127\.|::1$)/.test(server));
  return outside.length === servers.length && outside.length > 0 ? outside : [...(resolver === undefined ? [] : [resolver]), ...outside];
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
