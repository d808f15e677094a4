import { existsSync, readdirSync } from 'node:fs';

/** What of /proc and /sys a RUN does not see: Buildah's list. Paths a kernel does not have are passed over. */
const MASKED = [
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs/selinux',
];

/** What a RUN can only read. */
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const CPU_FOLDER = '/sys/devices/system/cpu';

let masked: readonly string[] | undefined;

/** The masked paths, with `/sys/devices/system/cpu/cpuN/thermal_throttle` spelled out for this machine. */
export function maskedPaths(): readonly string[] {
  masked ??= [...MASKED, ...thermalThrottlePaths()];
  return masked;
}

function thermalThrottlePaths(): string[] {
  if (!existsSync(CPU_FOLDER)) return [];
  return readdirSync(CPU_FOLDER)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${CPU_FOLDER}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
}
