import { readFileSync } from 'node:fs';
import { hasCode } from '../errors.js';
import type { SandboxFile } from './plan.js';

export interface HostFilesOptions {
  readonly hostname: string;
  readonly network: 'host' | 'none';
  /** Further lines of /etc/hosts, in the order given (`--add-host`). */
  readonly extraHosts?: readonly { readonly name: string; readonly address: string }[];
  /** Where the host's own files are; default `/etc`. */
  readonly hostEtc?: string;
}

/** The generated /etc/hosts, /etc/hostname and /etc/resolv.conf of a sandbox. */
export function hostFiles(options: HostFilesOptions): SandboxFile[] {
  return [
    { target: '/etc/hosts', content: hostsContent(options) },
    { target: '/etc/hostname', content: `${options.hostname}\n` },
    { target: '/etc/resolv.conf', content: options.network === 'none' ? '' : resolvConfContent(options.hostEtc ?? '/etc') },
  ];
}

/** Names that mean the sandbox itself, then those asked for, then those of the host when its network is shared. */
function hostsContent({ hostname, network, extraHosts = [], hostEtc = '/etc' }: HostFilesOptions): string {
  const own = [`127.0.0.1\tlocalhost ${hostname}`, '::1\tlocalhost ip6-localhost ip6-loopback'];
  const extra = extraHosts.map(({ name, address }) => `${address}\t${name}`);
  const inherited = network === 'host' ? hostEntries(readOptional(`${hostEtc}/hosts`)) : [];
  return `${[...extra, ...own, ...inherited].join('\n')}\n`;
}

/** The host's lines but those for the loopback addresses, which {@link hostsContent} has written. */
function hostEntries(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && !/^(127\.0\.0\.1|::1)\s/.test(line));
}

/**
 * On the host's network its resolver works as it is, a resolver on loopback included. When /etc/resolv.conf is systemd's stub that
 * is still true; without any there are no name servers, and the C library asks 127.0.0.1.
 */
function resolvConfContent(hostEtc: string): string {
  return readOptional(`${hostEtc}/resolv.conf`);
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
