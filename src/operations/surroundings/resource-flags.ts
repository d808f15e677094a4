import { isAbsolute } from 'node:path';
import { UsageError } from '../../errors.js';
import { parseSize } from '../../parser/index.js';
import type { ResourceLimits } from '../../sandbox/index.js';

/** Flags as they were written. Working containers keep them. */
export interface ResourceOptions {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly cpus?: string | undefined;
  readonly cpuPeriod?: string | undefined;
  readonly cpuQuota?: string | undefined;
  readonly cpuShares?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  readonly pidsLimit?: string | undefined;
  readonly cgroupParent?: string | undefined;
}

const PERIOD = 100_000; // the kernel's own: Documentation/scheduler/sched-bwc.rst

/**
 * @returns undefined: nothing is limited
 * @throws {UsageError} a value that cannot be read, or that contradicts another
 */
export function readResources(options: ResourceOptions): ResourceLimits | undefined {
  if (options.cpus !== undefined && (options.cpuQuota !== undefined || options.cpuPeriod !== undefined))
    throw new UsageError('--cpus and --cpu-period or --cpu-quota exclude each other');
  const memoryBytes = readBytes('memory', options.memory, false);
  const memorySwapBytes = readBytes('memory-swap', options.memorySwap, true);
  if (memorySwapBytes !== undefined && memorySwapBytes !== -1 && memorySwapBytes < (memoryBytes ?? 0))
    throw new UsageError('invalid --memory-swap: it counts memory and swap together, so it cannot be less than --memory');
  if (memorySwapBytes !== undefined && memorySwapBytes !== -1 && memoryBytes === undefined)
    throw new UsageError('invalid --memory-swap: it counts memory and swap together, so it needs --memory');
  const pids = readNumber('pids-limit', options.pidsLimit, -1);
  const cpus = readCpus(options.cpus);
  const limits: ResourceLimits = {
    memoryBytes,
    memorySwapBytes,
    cpuQuotaMicroseconds: cpus === undefined ? readNumber('cpu-quota', options.cpuQuota, -1) : Math.round(cpus * PERIOD),
    cpuPeriodMicroseconds: cpus === undefined ? readNumber('cpu-period', options.cpuPeriod, 1) : PERIOD,
    cpuShares: readNumber('cpu-shares', options.cpuShares, 0) || undefined,
    cpusetCpus: readSet('cpuset-cpus', options.cpusetCpus),
    cpusetMems: readSet('cpuset-mems', options.cpusetMems),
    pids: pids === undefined || pids <= 0 ? undefined : pids,
  };
  const isLimited = Object.values(limits).some((value) => value !== undefined);
  const cgroupParent = readParent(options.cgroupParent);
  return isLimited ? { ...limits, ...(cgroupParent === undefined ? {} : { cgroupParent }) } : undefined;
}

function readBytes(flag: string, text: string | undefined, takesUnlimited: boolean): number | undefined {
  if (text === undefined) return undefined;
  if (takesUnlimited && text === '-1') return -1;
  const size = parseSize(text);
  if (size === undefined || size === 0)
    throw new UsageError(`invalid value for --${flag}: ${JSON.stringify(text)} is no size such as 512m or 2g`);
  return size;
}

function readNumber(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(text) || Number(text) < least)
    throw new UsageError(`invalid value for --${flag}: ${JSON.stringify(text)} is no whole number of at least ${least}`);
  return Number(text);
}

function readCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(text) || Number(text) < 0.01)
    throw new UsageError(`invalid value for --cpus: ${JSON.stringify(text)} is no number of at least 0.01`);
  return Number(text);
}

function readSet(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)*$/.test(text))
    throw new UsageError(`invalid value for --${flag}: ${JSON.stringify(text)} is no list such as 0-2,4`);
  return text;
}

/** From the top of the hierarchy, and never out of it. */
function readParent(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.split('/').includes('..') || text.includes('\0') || text.endsWith('.slice'))
    throw new UsageError(`invalid value for --cgroup-parent: ${JSON.stringify(text)}`, {
      hint: text.endsWith('.slice')
        ? 'Slices of systemd cannot be given by name; give the path of a control group, from the top of the hierarchy'
        : 'Give the path of a control group, from the top of the hierarchy',
    });
  return isAbsolute(text) ? text : `/${text}`;
}
