import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { CommandNetwork, RunMount } from '../../builder/steps/index.js';
import { type ContainersConf, readContainersConf, readDefaultMounts } from '../../config/index.js';
import { hasCode, UnsupportedFeatureError, UsageError } from '../../errors.js';
import type { Sysctl } from '../../sandbox/index.js';
import type { Services } from '../context.js';
import { parseSysctl } from './sysctls.js';

/** What configuration files give to every command, whatever its flags say. */
export interface ConfiguredSurroundings {
  /** Those of the image go before. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether commands get the proxy variables unless a flag says otherwise. */
  readonly httpProxy: boolean;
  /** Of mounts.conf. Commands may write there; nobody sees what they wrote. */
  readonly mounts: readonly RunMount[];
  /** What /etc/hosts is made of, beside the lines that flags ask for. */
  readonly hosts: Pick<CommandNetwork, 'baseHosts' | 'hostAddress' | 'extraHosts'>;
  /** Those of networks are for commands whose network is their own. */
  readonly sysctls: readonly Sysctl[];
  /** Whether commands on a working container find its name for their host's. */
  readonly nameAsHostname: boolean;
}

/**
 * What containers.conf and mounts.conf say of commands. A line of mounts.conf whose source is missing is told and passed over.
 *
 * @throws {UnsupportedFeatureError} containers.conf names a directory that holds OCI hooks, or wants the hosts file of the image for a base
 * @throws {UsageError} it names a hosts file that cannot be read, an address that is none, or a sysctl that no command has of its own
 */
export async function readConfigured({ settings, reporter }: Pick<Services, 'settings' | 'reporter'>): Promise<ConfiguredSurroundings> {
  const conf = await readContainersConf(settings);
  const { env = [], httpProxy = true, hooksDirs = [] } = conf;
  refuseHooks(hooksDirs);
  const { mounts, missing } = readDefaultMounts(settings);
  for (const source of missing) reporter.report({ kind: 'warning', text: `${source} does not exist, so commands do not see it` });
  return {
    env: variables(env),
    httpProxy,
    mounts: mounts.map(({ source, target }) => mountOf(source, target)),
    hosts: { baseHosts: readBaseHosts(conf), ...addressOfHost(conf) },
    sysctls: (conf.sysctls ?? []).map(parseSysctl),
    nameAsHostname: conf.nameAsHostname === true,
  };
}

function readBaseHosts({ baseHostsFile }: ContainersConf): string | undefined {
  switch (baseHostsFile) {
    case undefined:
      return undefined;
    case 'none':
      return '';
    case 'image':
      throw new UnsupportedFeatureError('not supported by tsbuild: base_hosts_file "image" of containers.conf', {
        hint: "no_hosts = true leaves commands the image's own /etc/hosts",
      });
    default:
      try {
        return readFileSync(baseHostsFile, 'utf8');
      } catch (cause) {
        const problem = hasCode(cause, 'ENOENT') ? 'no such file' : 'it cannot be read';
        throw new UsageError(`base_hosts_file "${baseHostsFile}" of containers.conf: ${problem}`, { cause });
      }
  }
}

/** The names are Podman's and Docker's. Without an address commands find this machine only where `--add-host` says how. */
function addressOfHost({ hostAddress }: ContainersConf): Pick<CommandNetwork, 'hostAddress' | 'extraHosts'> {
  if (hostAddress === undefined || hostAddress === 'none') return { extraHosts: [] };
  if (isIP(hostAddress) === 0)
    throw new UsageError(`host_containers_internal_ip "${hostAddress}" of containers.conf is neither an address nor "none"`);
  const names = ['host.containers.internal', 'host.docker.internal'];
  return { hostAddress, extraHosts: names.map((name) => ({ name, address: hostAddress })) };
}

function mountOf(hostPath: string, target: string): RunMount {
  const overlay = statSync(hostPath).isDirectory();
  return { kind: 'volume', target, hostPath, readOnly: !overlay, overlay, chown: false, nosuid: true, nodev: true, noexec: false };
}

function refuseHooks(directories: readonly string[]): void {
  for (const directory of directories) {
    const hook = listDirectory(directory).find((name) => name.endsWith('.json'));
    if (hook !== undefined) {
      throw new UnsupportedFeatureError(`OCI hooks are not supported, and hooks_dir of containers.conf holds ${directory}/${hook}`, {
        hint: 'Hooks belong to a runtime, and the sandbox is none: give tsbuild a containers.conf without them by $CONTAINERS_CONF',
      });
    }
  }
}

function listDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) return [];
    throw error;
  }
}

/** `NAME=VALUE` words; one without `=` sets nothing. */
function variables(words: readonly string[]): Record<string, string> {
  const pairs = words.map((word) => /^([^=]+)=(.*)$/s.exec(word)).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
