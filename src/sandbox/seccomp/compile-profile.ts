import { AND, choose, encode, type Instruction, instruction, JUMP_AT_LEAST, JUMP_EQUAL, LOAD, MAX_INSTRUCTIONS, RETURN } from './bpf.js';
import { compileConditions } from './conditions.js';
import { SeccompProfileError } from './errors.js';
import type { Action, Circumstances, Condition, Profile } from './profile.js';

/** System call numbers by architecture and name: `syscalls.json`. */
export type SyscallTables = Readonly<Record<string, Readonly<Record<string, number>>>>;

export type Machine = 'x86_64' | 'aarch64';

export interface CompileOptions {
  readonly tables: SyscallTables;
  readonly machine: Machine;
  /** What `includes.caps` and `excludes.caps` are judged by: the capabilities of the command. */
  readonly capabilities: readonly string[];
  /** What `minKernel` is judged by, as uname(2) has it: `6.1.0-13-amd64`. */
  readonly kernel: string;
  /** Refuse names that no table has; otherwise they are calls of other kernels, as for other tools. */
  readonly strictNames?: boolean;
}

interface Architecture {
  readonly table: string;
  /** AUDIT_ARCH_* of linux/audit.h */
  readonly audit: number;
  /** As Go calls it, which profiles do in `arches`. */
  readonly goName: string;
  readonly profileName: string;
  /** A second set of calls with the same `audit`, told by this bit of the number. */
  readonly variant?: { readonly bit: number; readonly table: string; readonly profileName: string };
}

/** For each machine: the architectures that programs on it can call by, its own first. */
const MACHINES: Readonly<Record<Machine, readonly Architecture[]>> = {
  x86_64: [
    {
      table: 'x86_64',
      audit: 0xc000003e,
      goName: 'amd64',
      profileName: 'SCMP_ARCH_X86_64',
      variant: { bit: 0x40000000, table: 'x32', profileName: 'SCMP_ARCH_X32' }, // __X32_SYSCALL_BIT, asm/unistd.h
    },
    { table: 'i386', audit: 0x40000003, goName: 'x86', profileName: 'SCMP_ARCH_X86' },
  ],
  aarch64: [{ table: 'aarch64', audit: 0xc00000b7, goName: 'arm64', profileName: 'SCMP_ARCH_AARCH64' }],
};

// struct seccomp_data of linux/seccomp.h
const NUMBER = 0;
const ARCHITECTURE = 4;

// SECCOMP_RET_* of linux/seccomp.h; the low half is data
const ANSWERS: Readonly<Record<Action, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

/**
 * The program of a profile for one machine, as seccomp(2) takes it.
 *
 * It asks: which architecture? Then it searches the ranges of numbers that have one answer by halving, so that loading takes a tenth of
 * a millisecond; a linear list of the same rules takes ten times that. Then come, where a rule looks at arguments, those checks.
 *
 * @throws {SeccompProfileError} more instructions than the kernel takes, or an unknown name with `strictNames`
 */
export function compileProfile(profile: Profile, options: CompileOptions): Buffer {
  if (options.strictNames === true) refuseUnknownNames(profile, options.tables);
  const architectures = MACHINES[options.machine];
  const admitted = admittedArchitectures(profile, architectures);
  const fallback = answer(profile.defaultAction, profile.defaultErrno);
  const bodyFor = (architecture: Architecture, table: string, profileName: string): Instruction[] =>
    admitted.has(profileName)
      ? compileSearch(ranges(compileRules(profile, architecture, options, table, fallback), fallback))
      : [instruction(RETURN, fallback)];

  let program: Instruction[] = [instruction(RETURN, ANSWERS.SCMP_ACT_KILL_PROCESS)]; // an architecture this machine does not have
  for (const architecture of [...architectures].reverse()) {
    const { table, profileName, variant, audit } = architecture;
    let body = bodyFor(architecture, table, profileName);
    if (variant !== undefined) {
      const search = bodyFor(architecture, variant.table, variant.profileName);
      // Without the bit the numbers are those of its own table.
      const masked = search.length === 1 ? search : [instruction(AND, ~variant.bit >>> 0), ...search];
      body = choose(JUMP_AT_LEAST, variant.bit, masked, body);
    }
    program = choose(JUMP_EQUAL, audit, [instruction(LOAD, NUMBER), ...body], program);
  }
  program = [instruction(LOAD, ARCHITECTURE), ...program];
  if (program.length > MAX_INSTRUCTIONS)
    throw new SeccompProfileError(`it needs ${program.length} instructions, and the kernel takes ${MAX_INSTRUCTIONS}`);
  return encode(program);
}

/** Names of architectures there is no table for, and of calls older than the headers. */
const ELSEWHERE = [
  ...['arm_fadvise64_64', 'arm_sync_file_range', 'sync_file_range2', 'utimensat_time64', 'uretprobe'],
  ...['stime', 'recv', 'send', 'sigsuspend'],
];

function refuseUnknownNames({ rules }: Profile, tables: SyscallTables): void {
  const known = new Set([...ELSEWHERE, ...Object.values(tables).flatMap((table) => Object.keys(table))]);
  for (const { names } of rules)
    for (const name of names) if (!known.has(name)) throw new SeccompProfileError(`there is no system call "${name}"`);
}

function admittedArchitectures({ architectures }: Profile, own: readonly Architecture[]): ReadonlySet<string> {
  const all = own.flatMap(({ profileName, variant }) => [profileName, ...(variant === undefined ? [] : [variant.profileName])]);
  if (architectures === undefined) return new Set(all);
  const entry = architectures.find(({ architecture }) => architecture === own[0]?.profileName);
  // A profile for other machines says nothing about this one's 32-bit programs.
  return new Set(entry === undefined ? all.slice(0, 1) : [entry.architecture, ...entry.subArchitectures]);
}

function answer(action: Action, errno: number): number {
  const takesErrno = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  return (ANSWERS[action] | (takesErrno ? errno : 0)) >>> 0;
}

interface Entry {
  readonly conditional: { readonly conditions: readonly Condition[]; readonly value: number }[];
  otherwise: number | undefined;
}

/** System call number → code that answers it. Rules with conditions are asked first, in the order of the profile, then the others. */
function compileRules(
  profile: Profile,
  architecture: Architecture,
  options: CompileOptions,
  table: string,
  fallback: number,
): Map<number, Instruction[]> {
  const numbers = options.tables[table] ?? {};
  const entries = new Map<number, Entry>();
  for (const rule of profile.rules) {
    if (!applies(rule, architecture.goName, options)) continue;
    const value = answer(rule.action, rule.errno ?? profile.defaultErrno);
    for (const name of rule.names) {
      const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
      if (number === undefined) continue;
      const entry: Entry = entries.get(number) ?? { conditional: [], otherwise: undefined };
      if (rule.conditions.length === 0) entry.otherwise ??= value;
      else for (const conditions of alternatives(rule.conditions)) entry.conditional.push({ conditions, value });
      entries.set(number, entry);
    }
  }
  return new Map([...entries].map(([number, entry]) => [number, compileEntry(entry, fallback)]));
}

/** All conditions have to hold; but two for one argument could never, and are rules of their own, as for runc and crun. */
function alternatives(conditions: readonly Condition[]): readonly (readonly Condition[])[] {
  const distinct = new Set(conditions.map(({ index }) => index)).size === conditions.length;
  return distinct ? [conditions] : conditions.map((condition) => [condition]);
}

/** Whether a rule counts for commands with these capabilities, on this kernel. */
export function applies(
  { includes, excludes }: { includes: Circumstances; excludes: Circumstances },
  goName: string,
  options: Pick<CompileOptions, 'capabilities' | 'kernel'>,
): boolean {
  const { capabilities, kernel } = options;
  return (
    includes.caps.every((name) => capabilities.includes(name)) &&
    (includes.arches.length === 0 || includes.arches.includes(goName)) &&
    (includes.minKernel === undefined || isAtLeast(kernel, includes.minKernel)) &&
    !excludes.caps.some((name) => capabilities.includes(name)) &&
    !excludes.arches.includes(goName) &&
    !(excludes.minKernel !== undefined && isAtLeast(kernel, excludes.minKernel))
  );
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const numbers = (text: string): number[] => (/^[\d.]+/.exec(text)?.[0] ?? '').split('.').map(Number);
  const [have, need] = [numbers(kernel), numbers(wanted)];
  const differs = need.findIndex((part, at) => part !== (have[at] ?? 0));
  return differs < 0 || (have[differs] ?? 0) > need[differs]!;
}

function compileEntry({ conditional, otherwise }: Entry, fallback: number): Instruction[] {
  let code = [instruction(RETURN, otherwise ?? fallback)];
  for (const { conditions, value } of [...conditional].reverse()) code = compileConditions(conditions, [instruction(RETURN, value)], code);
  return code;
}

interface Range {
  readonly first: number;
  readonly code: Instruction[];
}

/** Ascending, without gaps: `code` answers every number from `first` up to the next range. */
function ranges(byNumber: ReadonlyMap<number, Instruction[]>, fallback: number): Range[] {
  const nothing = [instruction(RETURN, fallback)];
  const list: Range[] = [];
  let next = 0;
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    if (number > next) list.push({ first: next, code: nothing });
    list.push({ first: number, code: byNumber.get(number)! });
    next = number + 1;
  }
  list.push({ first: next, code: nothing });
  return list.filter((range, index) => index === 0 || !isSame(range.code, list[index - 1]!.code));
}

function isSame(a: Instruction[], b: Instruction[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function compileSearch(list: readonly Range[]): Instruction[] {
  if (list.length === 1) return list[0]!.code;
  const middle = list.length >> 1;
  return choose(JUMP_AT_LEAST, list[middle]!.first, compileSearch(list.slice(middle)), compileSearch(list.slice(0, middle)));
}
