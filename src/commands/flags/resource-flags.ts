import type { ResourceOptions } from '../../operations/surroundings/resource-flags.js';
import { text } from './flags.js';

/** What commands may use together. */
export const RESOURCE_FLAGS = {
  memory: text({ char: 'm', value: 'SIZE', summary: 'Memory that all processes of a command may use together' }),
  'memory-swap': text({ value: 'SIZE', summary: 'Memory and swap together; -1: as much swap as there is' }),
  cpus: text({ value: 'NUMBER', summary: 'Processors that a command may keep busy, 1.5 for instance' }),
  'cpu-period': text({ value: 'MICROSECONDS', summary: 'Period that --cpu-quota is counted in' }),
  'cpu-quota': text({ value: 'MICROSECONDS', summary: 'Time on processors in each period' }),
  'cpu-shares': text({ char: 'c', value: 'NUMBER', summary: 'Weight against other commands (1024 is the usual one)' }),
  'cpuset-cpus': text({ value: 'LIST', summary: 'Processors that commands run on, 0-2,4 for instance' }),
  'cpuset-mems': text({ value: 'LIST', summary: 'Memory nodes that commands use' }),
  'pids-limit': text({ value: 'NUMBER', summary: 'Processes and threads that a command may have' }),
  'cgroup-parent': text({ value: 'PATH', summary: 'Control group in which those of commands are made' }),
};

export function resourceOptions(flags: Readonly<Partial<Record<keyof typeof RESOURCE_FLAGS, string | undefined>>>): ResourceOptions {
  const given: Record<keyof ResourceOptions, string | undefined> = {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    cpus: flags.cpus,
    cpuPeriod: flags['cpu-period'],
    cpuQuota: flags['cpu-quota'],
    cpuShares: flags['cpu-shares'],
    cpusetCpus: flags['cpuset-cpus'],
    cpusetMems: flags['cpuset-mems'],
    pidsLimit: flags['pids-limit'],
    cgroupParent: flags['cgroup-parent'],
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
