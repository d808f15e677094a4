import { UsageError } from '../../errors.js';
import type { Sysctl } from '../../sandbox/index.js';

/** What a sandbox has of its own, ipc_namespaces(7), uts_namespaces(7) and network_namespaces(7): anything else is the machine's. */
const OWN = /^(?:net\/|fs\/mqueue\/|kernel\/(?:msg(?:max|mnb|mni)|sem|shm(?:all|max|mni|_rmid_forced)|domainname)$)/;

/**
 * An entry of `default_sysctls`: `net.ipv4.ip_forward=1`. As with sysctl(8) dots are slashes, unless a slash comes first.
 *
 * @throws {UsageError} it is none, or one that would change the machine
 */
export function parseSysctl(text: string): Sysctl {
  const [, name = '', value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const refuse = (problem: string): UsageError => new UsageError(`default_sysctls "${text}" of containers.conf: ${problem}`);
  if (name === '') throw refuse('it is not NAME=VALUE');
  const path = /^[^.]*\//.test(name) ? name : name.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  if (!/^[\w.:-]+(?:\/[\w.:-]+)*$/.test(path) || path.split('/').includes('..')) throw refuse('that is not the name of a sysctl');
  if (!OWN.test(path)) throw refuse('commands have none of their own, and those of the machine are not touched');
  return { path, value };
}
