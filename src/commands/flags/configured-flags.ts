import type { ContainersConf } from '../../config/index.js';

/** Flags whose default containers.conf says. One that is given replaces what is configured, as with Buildah. */
interface ConfigurableFlags {
  readonly device?: string[] | undefined;
  readonly volume?: string[] | undefined;
  readonly ulimit?: string[] | undefined;
  readonly 'shm-size'?: string | undefined;
  readonly 'http-proxy'?: boolean | undefined;
  readonly network?: string | undefined;
  readonly dns?: string[] | undefined;
  readonly 'dns-option'?: string[] | undefined;
  readonly 'dns-search'?: string[] | undefined;
  readonly 'no-hosts'?: boolean | undefined;
  readonly 'cdi-spec-dir'?: string[] | undefined;
  readonly 'security-opt'?: string[] | undefined;
}

/** The flags, with what containers.conf says in place of those that are not given. */
export function withConfiguredDefaults<Flags extends ConfigurableFlags>(flags: Flags, conf: ContainersConf): Flags {
  const profile = conf.seccompProfile === undefined ? [] : [`seccomp=${conf.seccompProfile}`];
  const defaults: ConfigurableFlags = {
    ...(conf.devices === undefined ? {} : { device: [...conf.devices] }),
    ...(conf.volumes === undefined ? {} : { volume: [...conf.volumes] }),
    ...(conf.limits === undefined ? {} : { ulimit: [...conf.limits] }),
    ...(conf.shmSize === undefined ? {} : { 'shm-size': conf.shmSize }),
    ...(conf.httpProxy === undefined ? {} : { 'http-proxy': conf.httpProxy }),
    ...(conf.noHosts === undefined ? {} : { 'no-hosts': conf.noHosts }),
    ...(conf.cdiSpecDirs === undefined ? {} : { 'cdi-spec-dir': [...conf.cdiSpecDirs] }),
    ...resolver(flags, conf),
    ...(isNetwork(conf.network) ? { network: conf.network } : {}),
  };
  // The last profile counts, and the other options are no alternatives to it.
  const security = profile.length === 0 ? {} : { 'security-opt': [...profile, ...(flags['security-opt'] ?? [])] };
  return { ...defaults, ...flags, ...security };
}

/** Without a network there is nobody to ask, and the flags of a resolver would be a mistake. */
function resolver({ network }: ConfigurableFlags, conf: ContainersConf): ConfigurableFlags {
  if ((network ?? conf.network) === 'none') return {};
  return {
    ...(conf.dnsServers === undefined ? {} : { dns: [...conf.dnsServers] }),
    ...(conf.dnsOptions === undefined ? {} : { 'dns-option': [...conf.dnsOptions] }),
    ...(conf.dnsSearches === undefined ? {} : { 'dns-search': [...conf.dnsSearches] }),
  };
}

/** Of the networks that Podman's services may have, those that mean something to a command of a build. */
function isNetwork(netns: string | undefined): netns is 'host' | 'none' {
  return netns === 'host' || netns === 'none';
}
