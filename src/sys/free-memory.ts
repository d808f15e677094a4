import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

export interface Memory {
  readonly availableBytes: number;
  readonly totalBytes: number;
}

/**
 * What new processes could use without swapping, and what there is: of the machine, or of the control group of this process where that
 * allows less.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_meminfo.5.html and https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
 */
export function readMemory(): Memory {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readText('/proc/meminfo'))?.[1];
  const machine = { availableBytes: available === undefined ? freemem() : Number(available) * 1024, totalBytes: totalmem() };
  const group = readGroup();
  return group !== undefined && group.availableBytes < machine.availableBytes ? group : machine;
}

/** What was written by anybody and lies in memory only; undefined when the kernel does not say. */
export function readDirtyBytes(): number | undefined {
  const dirty = /^Dirty:\s+(\d+) kB$/m.exec(readText('/proc/meminfo'))?.[1];
  return dirty === undefined ? undefined : Number(dirty) * 1024;
}

/** Inside a container the group's own files are at the top of the mount; outside they are where /proc/self/cgroup says. */
function readGroup(): Memory | undefined {
  const path = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (path === undefined) return undefined;
  for (const directory of [`/sys/fs/cgroup${path}`, '/sys/fs/cgroup']) {
    const limit = readNumber(`${directory}/memory.max`);
    const used = readNumber(`${directory}/memory.current`);
    if (limit === undefined || used === undefined) continue;
    // Cached files count as used, and go when room is needed.
    const cached = /^inactive_file (\d+)$/m.exec(readText(`${directory}/memory.stat`))?.[1] ?? '0';
    return { availableBytes: limit - used + Number(cached), totalBytes: limit };
  }
  return undefined;
}

function readNumber(file: string): number | undefined {
  const text = readText(file).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there, or not for us: then nothing is known of it.
    return '';
  }
}
