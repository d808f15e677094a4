import type { IdRange } from '../../sys/index.js';
import { DEFAULT_CAPABILITIES } from '../capabilities.js';
import { READ_ONLY_PATHS } from '../kernel-paths.js';
import type { ResourceLimit, SandboxPlan, Sysctl } from '../plan.js';
import { type ResourceLimits, settingsOf } from '../resources/resource-limits.js';
import { shownMasks } from '../shown-masks.js';
import { ociSeccomp } from './seccomp.js';

/** A mount of the plan, its source a path by now. */
export interface BundleMount {
  readonly destination: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly type?: 'bind' | 'tmpfs';
}

export interface ConfigOptions {
  /** Where the root file system is mounted. */
  readonly rootfs: string;
  readonly mounts: readonly BundleMount[];
  /** Undefined: the runtime makes none, as it must not without real root. */
  readonly cgroupsPath: string | undefined;
}

/** A runtime's read-only /sys leaves what is mounted in it writable. */
const CONTROL_GROUPS = '/sys/fs/cgroup';

/**
 * The config.json of a bundle.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config.md
 */
export function ociConfig(plan: SandboxPlan, { rootfs, mounts, cgroupsPath }: ConfigOptions): object {
  const { user, seccomp, resources } = plan;
  const capabilities = plan.capabilities ?? DEFAULT_CAPABILITIES;
  const isRoot = user.uid === 0;
  const filter = seccomp === 'unconfined' ? undefined : ociSeccomp(seccomp === 'default' ? undefined : seccomp.profile, capabilities);
  return {
    ociVersion: '1.0.2',
    process: {
      // The launcher gives it its size before the command starts.
      terminal: plan.stdio === 'terminal',
      user: { uid: user.uid, gid: user.gid, ...(user.groups.length === 0 ? {} : { additionalGids: user.groups }), umask: 0o022 },
      args: plan.argv,
      env: plan.env,
      cwd: plan.cwd,
      capabilities: {
        bounding: capabilities,
        effective: isRoot ? capabilities : [],
        permitted: isRoot ? capabilities : [],
        inheritable: [],
        ambient: [],
      },
      rlimits: rlimitsOf(plan.limits ?? []),
      noNewPrivileges: plan.noNewPrivileges === true,
      ...(plan.apparmorProfile === undefined ? {} : { apparmorProfile: plan.apparmorProfile }),
      ...(plan.selinux === undefined || plan.selinux.process === '' ? {} : { selinuxLabel: plan.selinux.process }),
    },
    root: { path: rootfs, readonly: false },
    hostname: plan.hostname,
    mounts: [...kernelMounts(plan, cgroupsPath !== undefined), ...mounts.map(({ type = 'bind', ...mount }) => ({ ...mount, type }))],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        // Runtimes without a cgroup for it refuse a namespace of such.
        ...(cgroupsPath === undefined ? [] : [{ type: 'cgroup' }]),
        ...networkNamespace(plan.network),
        ...(plan.userNamespace === undefined ? [] : [{ type: 'user' }]),
      ],
      ...(plan.userNamespace === undefined
        ? {}
        : { uidMappings: mappings(plan.userNamespace.uids), gidMappings: mappings(plan.userNamespace.gids) }),
      ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
      ...(resources === undefined || cgroupsPath === undefined ? {} : { resources: resourcesOf(resources) }),
      ...((plan.sysctls ?? []).length === 0 ? {} : { sysctl: sysctlsOf(plan.sysctls ?? []) }),
      ...(filter === undefined ? {} : { seccomp: filter }),
      ...(plan.unmasked === true ? {} : { maskedPaths: [...shownMasks(plan), CONTROL_GROUPS], readonlyPaths: READ_ONLY_PATHS }),
      ...(plan.selinux === undefined ? {} : { mountLabel: plan.selinux.mount }),
    },
  };
}

function mappings(ranges: readonly IdRange[]): object[] {
  return ranges.map(({ inside, outside, count }) => ({ containerID: inside, hostID: outside, size: count }));
}

/** Runtimes want dots for slashes, and a slash for a dot in a name. */
function sysctlsOf(sysctls: readonly Sysctl[]): Readonly<Record<string, string>> {
  const name = (path: string): string => path.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
  return Object.fromEntries(sysctls.map(({ path, value }) => [name(path), value]));
}

function kernelMounts({ shmSizeBytes, unmasked, network, userNamespace }: SandboxPlan, isRealRoot: boolean): object[] {
  const bare = ['nosuid', 'noexec', 'nodev'];
  const access = unmasked === true ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: bare },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
    },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...bare, 'mode=1777', `size=${shmSizeBytes ?? 64 << 20}`] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: bare },
    // A fresh one is for the owner of the network namespace. Others have it bound.
    isRealRoot && (userNamespace === undefined || network === 'none')
      ? { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...bare, access] }
      : { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', ...bare, access] },
  ];
}

function networkNamespace(network: SandboxPlan['network']): object[] {
  if (network === 'host') return [];
  return [network === 'none' ? { type: 'network' } : { type: 'network', path: network.path }];
}

function rlimitsOf(limits: readonly ResourceLimit[]): object[] {
  const given = limits.map(({ name, soft, hard }) => ({ type: `RLIMIT_${name.toUpperCase()}`, soft: number(soft), hard: number(hard) }));
  const isGiven = (type: string): boolean => given.some((limit) => limit.type === type);
  const usual = [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }];
  return [...usual.filter(({ type }) => !isGiven(type)), ...given];
}

/** `RLIM_INFINITY` in a JSON number is not exact; the largest that is stands for it. */
function number(value: number | 'unlimited'): number {
  return value === 'unlimited' ? Number.MAX_SAFE_INTEGER : value;
}

function resourcesOf(limits: ResourceLimits): object {
  const { memoryBytes, memorySwapBytes, cpuQuotaMicroseconds, cpuPeriodMicroseconds, cpuShares, cpusetCpus, cpusetMems, pids } = limits;
  const used = new Set(settingsOf(limits).map(({ controller }) => controller));
  return {
    ...(used.has('memory') ? { memory: defined({ limit: memoryBytes, swap: memorySwapBytes }) } : {}),
    ...(used.has('cpu') || used.has('cpuset')
      ? {
          cpu: defined({
            shares: cpuShares,
            quota: cpuQuotaMicroseconds,
            period: cpuPeriodMicroseconds,
            cpus: cpusetCpus,
            mems: cpusetMems,
          }),
        }
      : {}),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
