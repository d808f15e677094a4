/** Names as Docker's `--ulimit` has them, and their numbers in asm-generic/resource.h. */
const RESOURCES = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

export type LimitName = keyof typeof RESOURCES;

export const LIMIT_NAMES: readonly LimitName[] = Object.keys(RESOURCES) as LimitName[];

export function limitNumber(name: LimitName): number {
  return RESOURCES[name];
}

/** The name of a limit by its number; undefined for one that has none here. */
export function limitName(number: number): LimitName | undefined {
  return LIMIT_NAMES.find((name) => RESOURCES[name] === number);
}
