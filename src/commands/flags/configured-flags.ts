import type { ContainersConf } from '../../config/index.js';

/** Flags whose default containers.conf says. One that is given replaces what is configured, as with Buildah. */
interface ConfigurableFlags {
  readonly device?: string[] | undefined;
  readonly volume?: string[] | undefined;
  readonly ulimit?: string[] | undefined;
  readonly 'shm-size'?: string | undefined;
  readonly 'http-proxy'?: boolean | undefined;
  readonly network?: string | undefined;
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
    ...(isNetwork(conf.network) ? { network: conf.network } : {}),
  };
  // The last profile counts, and the other options are no alternatives to it.
  const security = profile.length === 0 ? {} : { 'security-opt': [...profile, ...(flags['security-opt'] ?? [])] };
  return { ...defaults, ...flags, ...security };
}

/** Of the networks that Podman's services may have, those that mean something to a command of a build. */
function isNetwork(netns: string | undefined): netns is 'host' | 'none' {
  return netns === 'host' || netns === 'none';
}
