/** What all processes of a command may use together. Plain data: working containers keep it. */
export interface ResourceLimits {
  readonly memoryBytes?: number | undefined;
  /** Memory and swap together; -1: as much swap as there is. */
  readonly memorySwapBytes?: number | undefined;
  /** Time on processors in each period; -1: no limit. */
  readonly cpuQuotaMicroseconds?: number | undefined;
  readonly cpuPeriodMicroseconds?: number | undefined;
  /** Weight against others, as Docker counts: 1024 is the usual one. */
  readonly cpuShares?: number | undefined;
  /** Lists such as `0-2,4`. */
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** Processes and threads; the one that tsbuild has inside is not counted. */
  readonly pids?: number | undefined;
  /** The group in which that of the command is made, from the top of the hierarchy; left out: tsbuild's own. */
  readonly cgroupParent?: string | undefined;
}

export type Controller = 'cpu' | 'cpuset' | 'memory' | 'pids';

/** A flag of the user's, the controller that enforces it, and what to write there: for version 1 and version 2 of control groups. */
export interface Setting {
  readonly flag: string;
  readonly controller: Controller;
  readonly v1: File;
  readonly v2: File;
}

type File = readonly [name: string, value: string];

const DEFAULT_PERIOD = 100_000;

/** In the order in which the kernel takes them: memory before memory and swap. */
export function settingsOf(limits: ResourceLimits): readonly Setting[] {
  const { memoryBytes, memorySwapBytes, cpuQuotaMicroseconds, cpuPeriodMicroseconds, cpuShares, cpusetCpus, cpusetMems, pids } = limits;
  const settings: Setting[] = [];
  const add = (flag: string, controller: Controller, v1: File, v2: File): void => {
    settings.push({ flag, controller, v1, v2 });
  };
  if (memoryBytes !== undefined)
    add('--memory', 'memory', ['memory.limit_in_bytes', String(memoryBytes)], ['memory.max', String(memoryBytes)]);
  if (memorySwapBytes !== undefined) {
    // Version 2 counts swap by itself.
    const swap = memorySwapBytes === -1 ? 'max' : String(memorySwapBytes - (memoryBytes ?? 0));
    add('--memory-swap', 'memory', ['memory.memsw.limit_in_bytes', String(memorySwapBytes)], ['memory.swap.max', swap]);
  }
  if (cpuPeriodMicroseconds !== undefined) {
    const quota = cpuQuotaMicroseconds === undefined || cpuQuotaMicroseconds <= 0 ? 'max' : String(cpuQuotaMicroseconds);
    const max: File = ['cpu.max', `${quota} ${cpuPeriodMicroseconds}`];
    add('--cpu-period', 'cpu', ['cpu.cfs_period_us', String(cpuPeriodMicroseconds)], max);
  }
  if (cpuQuotaMicroseconds !== undefined) {
    const quota = cpuQuotaMicroseconds <= 0 ? 'max' : String(cpuQuotaMicroseconds);
    const max: File = ['cpu.max', `${quota} ${cpuPeriodMicroseconds ?? DEFAULT_PERIOD}`];
    add('--cpu-quota', 'cpu', ['cpu.cfs_quota_us', String(cpuQuotaMicroseconds)], max);
  }
  if (cpuShares !== undefined) add('--cpu-shares', 'cpu', ['cpu.shares', String(cpuShares)], ['cpu.weight', String(weightOf(cpuShares))]);
  if (cpusetCpus !== undefined) add('--cpuset-cpus', 'cpuset', ['cpuset.cpus', cpusetCpus], ['cpuset.cpus', cpusetCpus]);
  if (cpusetMems !== undefined) add('--cpuset-mems', 'cpuset', ['cpuset.mems', cpusetMems], ['cpuset.mems', cpusetMems]);
  // PID 1 of the sandbox is in the group too.
  if (pids !== undefined) add('--pids-limit', 'pids', ['pids.max', String(pids + 1)], ['pids.max', String(pids + 1)]);
  return settings;
}

/** From 2..262144 to 1..10000, as runtimes of OCI do. @see https://github.com/containers/crun/blob/main/crun.1.md#cgroup-v2 */
function weightOf(shares: number): number {
  return Math.floor(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

/** The numbers of a list such as `0-2,4`. @throws {RangeError} it is none */
export function parseProcessorList(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last) < Number(first)) throw new RangeError(`"${text}" is no list such as 0-2,4`);
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
}
