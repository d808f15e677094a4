import { accessSync, constants } from 'node:fs';
import type { ContainersConf } from '../../config/index.js';
import type { DnsOptions } from '../../operations/surroundings/dns-flags.js';
import type { IsolationOptions } from '../../operations/surroundings/isolation-flag.js';
import { list, text } from './flags.js';

export const NETWORK_FLAG = {
  network: text({
    aliases: ['net'],
    value: 'host|none|private|ns:PATH',
    summary: 'Network of commands; pasta[:OPTIONS] and slirp4netns[:OPTIONS] choose the helper (default: private where it works)',
  }),
};

export const DNS_FLAGS = {
  dns: list({ value: 'ADDRESS|none', summary: "Name server of commands, in place of the host's; none: the image's own resolv.conf" }),
  'dns-option': list({ value: 'OPTION', summary: "Option of the resolver, in place of the host's" }),
  'dns-search': list({ value: 'DOMAIN', summary: "Domain that names are looked up in, in place of the host's" }),
};

export function dnsOptions(flags: {
  readonly dns?: string[] | undefined;
  readonly 'dns-option'?: string[] | undefined;
  readonly 'dns-search'?: string[] | undefined;
}): DnsOptions {
  return { servers: flags.dns, search: flags['dns-search'], options: flags['dns-option'] };
}

export const ISOLATION_FLAG = {
  isolation: text({
    value: 'native|oci|chroot',
    summary: 'How commands are kept apart (default: $BUILDAH_ISOLATION, native); chroot makes do with what the system permits',
  }),
};

export const RUNTIME_FLAGS = {
  runtime: text({ value: 'PROGRAM', summary: 'With --isolation oci: runtime that runs commands, crun or runc for instance' }),
  'runtime-flag': list({ value: 'FLAG', summary: 'Global flag of the runtime, without its dashes' }),
};

/**
 * @param conf where names of runtimes stand for programs
 * @param runtime the one to take where no flag names one
 */
export function isolationOptions(
  flags: {
    readonly isolation?: string | undefined;
    readonly runtime?: string | undefined;
    readonly 'runtime-flag'?: string[] | undefined;
  },
  conf: Pick<ContainersConf, 'runtime' | 'runtimes'>,
  runtime?: string,
): IsolationOptions {
  return {
    isolation: flags.isolation,
    runtime: programOf(flags.runtime ?? runtime, conf),
    ociRuntime: programOf(conf.runtime, conf),
    runtimeFlags: flags['runtime-flag'],
  };
}

/** Of the paths that a name stands for, the first that can be run; otherwise the name itself, for PATH to know. */
function programOf(name: string | undefined, { runtimes = {} }: Pick<ContainersConf, 'runtimes'>): string | undefined {
  const paths = name !== undefined && Object.hasOwn(runtimes, name) ? (runtimes[name] ?? []) : [];
  return paths.find(isProgram) ?? name;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
