// Compiles a seccomp profile (the JSON format of Docker and containers-common) to the programs that seccomp(2) takes.
//
//   node compile-seccomp.mjs PROFILE.json OUT        writes OUT-x86_64.bpf and OUT-aarch64.bpf
//
// A program is: which architecture? -> binary search over ranges of system calls with the same answer -> where a rule looks at
// arguments, those checks -> answer. Loading takes a tenth of a millisecond; a linear list of the same rules takes ten times that.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The capabilities that `includes.caps` and `excludes.caps` are judged by: those a RUN has. Same list as src/sandbox/capabilities.ts. */
const capabilities = new Set([
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_NET_BIND_SERVICE', 'CAP_SETFCAP', 'CAP_SETGID',
  'CAP_SETPCAP', 'CAP_SETUID', 'CAP_SYS_CHROOT',
]);

/** For each machine: the architectures a program on it can call by; `audit` is AUDIT_ARCH_* of linux/audit.h. */
const machines = {
  x86_64: [
    // x32 calls come with the architecture of x86_64 and this bit in the number. Nobody's binaries use them; all get the default.
    { table: 'x86_64', audit: 0xc000003e, goName: 'amd64', profileName: 'SCMP_ARCH_X86_64', x32Bit: 0x40000000 },
    { table: 'i386', audit: 0x40000003, goName: 'x86', profileName: 'SCMP_ARCH_X86' },
  ],
  aarch64: [{ table: 'aarch64', audit: 0xc00000b7, goName: 'arm64', profileName: 'SCMP_ARCH_AARCH64' }],
};

// linux/bpf_common.h, linux/filter.h
const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP = 0x05; // BPF_JMP | BPF_JA
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_GREATER = 0x25; // BPF_JMP | BPF_JGT | BPF_K
const JUMP_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const MAX_INSTRUCTIONS = 4096; // BPF_MAXINSNS

// struct seccomp_data of linux/seccomp.h, little endian
const NUMBER = 0;
const ARCHITECTURE = 4;
const argumentLow = (index) => 16 + 8 * index;
const argumentHigh = (index) => 20 + 8 * index;

// linux/seccomp.h
const actions = {
  SCMP_ACT_ALLOW: () => 0x7fff0000,
  SCMP_ACT_LOG: () => 0x7ffc0000,
  SCMP_ACT_ERRNO: (errno) => 0x00050000 | errno,
  SCMP_ACT_KILL: () => 0x00000000,
  SCMP_ACT_KILL_THREAD: () => 0x00000000,
  SCMP_ACT_KILL_PROCESS: () => 0x80000000,
};
const KILL_PROCESS = 0x80000000;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [profileFile, out] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: compile-seccomp.mjs PROFILE.json OUT');
  const profile = JSON.parse(readFileSync(profileFile, 'utf8'));
  const tables = JSON.parse(readFileSync(new URL('syscalls.json', import.meta.url), 'utf8'));
  for (const machine of Object.keys(machines)) writeFileSync(`${out}-${machine}.bpf`, compileProfile(profile, tables, machine));
}

/**
 * The program for one machine, as an array of struct sock_filter.
 *
 * @param profile the parsed profile
 * @param tables system call numbers by architecture and name (syscalls.json)
 * @param machine `x86_64` or `aarch64`
 */
export function compileProfile(profile, tables, machine) {
  checkNames(profile, tables);
  const wanted = profile.archMap?.find((entry) => entry.architecture === machines[machine][0].profileName);
  const admitted = new Set(wanted === undefined ? machines[machine].map((one) => one.profileName) : [wanted.architecture, ...wanted.subArchitectures]);
  const fallback = answer(profile.defaultAction, profile.defaultErrnoRet ?? 1);

  let program = [instruction(RETURN, KILL_PROCESS)]; // an architecture this machine does not have
  for (const one of [...machines[machine]].reverse()) {
    const body = admitted.has(one.profileName)
      ? architectureBody(compileRules(profile, tables[one.table], one, fallback), one, fallback)
      : [instruction(RETURN, fallback)];
    program = choose(JUMP_EQUAL, one.audit, body, program);
  }
  program = [instruction(LOAD, ARCHITECTURE), ...program];
  if (program.length > MAX_INSTRUCTIONS) throw new Error(`${machine}: ${program.length} instructions, the kernel takes ${MAX_INSTRUCTIONS}`);
  return encode(program);
}

/** A name that no table has is a spelling mistake; one that some have is only missing on the others. */
function checkNames(profile, tables) {
  const known = new Set(Object.values(tables).flatMap((table) => Object.keys(table)));
  // Names of architectures there is no table for, and of calls older than the headers.
  const elsewhere = new Set(['arm_fadvise64_64', 'arm_sync_file_range', 'sync_file_range2', 'utimensat_time64', 'uretprobe', 'stime', 'recv', 'send', 'sigsuspend']);
  for (const rule of profile.syscalls)
    for (const name of rule.names) if (!known.has(name) && !elsewhere.has(name)) throw new Error(`Unknown system call "${name}"`);
}

function answer(action, errno) {
  const make = actions[action];
  if (make === undefined) throw new Error(`Unknown action "${action}"`);
  return make(errno);
}

function applies({ includes = {}, excludes = {} }, goName) {
  const all = (list, holds) => (list ?? []).every(holds);
  const none = (list, holds) => !(list ?? []).some(holds);
  return (
    all(includes.caps, (name) => capabilities.has(name)) &&
    (includes.arches === undefined || includes.arches.includes(goName)) &&
    none(excludes.caps, (name) => capabilities.has(name)) &&
    none(excludes.arches, (name) => name === goName)
  );
}

/** System call number -> code that answers it. Rules with conditions are asked first, in the order of the profile, then the others. */
function compileRules(profile, numbers, { goName }, fallback) {
  const byNumber = new Map();
  for (const rule of profile.syscalls) {
    if (!applies(rule, goName)) continue;
    const value = answer(rule.action, rule.errnoRet ?? profile.defaultErrnoRet ?? 1);
    for (const name of rule.names) {
      const number = numbers[name];
      if (number === undefined) continue;
      const entry = byNumber.get(number) ?? { conditional: [], otherwise: undefined };
      if (rule.args?.length > 0) entry.conditional.push({ conditions: rule.args, value });
      else entry.otherwise ??= value;
      byNumber.set(number, entry);
    }
  }
  return new Map([...byNumber].map(([number, entry]) => [number, compileEntry(entry, fallback)]));
}

function compileEntry({ conditional, otherwise }, fallback) {
  let code = [instruction(RETURN, otherwise ?? fallback)];
  for (const { conditions, value } of [...conditional].reverse()) code = compileConditions(conditions, [instruction(RETURN, value)], code);
  return code;
}

/** All conditions hold -> `yes`, else `no`. `no` is emitted once, after `yes`. */
function compileConditions(conditions, yes, no) {
  let code = yes;
  for (const condition of [...conditions].reverse()) code = compileCondition(condition, code);
  return link([...code, { label: 'no' }, ...no]);
}

/** Checks of one argument, both halves of its 64 bits; falls into `yes` when it holds, goes to the label `no` otherwise. */
function compileCondition({ index, value, valueTwo = 0, op }, yes) {
  const [high, low] = halves(value);
  const loadHigh = instruction(LOAD, argumentHigh(index));
  const loadLow = instruction(LOAD, argumentLow(index));
  switch (op) {
    case 'SCMP_CMP_EQ':
      return [loadHigh, branch(JUMP_EQUAL, high, undefined, 'no'), loadLow, branch(JUMP_EQUAL, low, undefined, 'no'), ...yes];
    case 'SCMP_CMP_NE': {
      // Differing in either half is enough.
      const label = Symbol('differs');
      return [loadHigh, branch(JUMP_EQUAL, high, undefined, label), loadLow, branch(JUMP_EQUAL, low, 'no', undefined), { label }, ...yes];
    }
    case 'SCMP_CMP_MASKED_EQ': {
      // value is the mask, valueTwo what has to remain
      const [wantedHigh, wantedLow] = halves(valueTwo);
      return [
        loadHigh, instruction(AND, high), branch(JUMP_EQUAL, wantedHigh, undefined, 'no'),
        loadLow, instruction(AND, low), branch(JUMP_EQUAL, wantedLow, undefined, 'no'),
        ...yes,
      ];
    }
    case 'SCMP_CMP_GT':
    case 'SCMP_CMP_GE': {
      const label = Symbol('greater');
      const last = op === 'SCMP_CMP_GT' ? JUMP_GREATER : JUMP_AT_LEAST;
      return [
        loadHigh, branch(JUMP_GREATER, high, label, undefined), branch(JUMP_EQUAL, high, undefined, 'no'),
        loadLow, branch(last, low, undefined, 'no'),
        { label }, ...yes,
      ];
    }
    case 'SCMP_CMP_LT':
    case 'SCMP_CMP_LE': {
      const label = Symbol('less');
      const last = op === 'SCMP_CMP_LT' ? JUMP_AT_LEAST : JUMP_GREATER;
      return [
        loadHigh, branch(JUMP_GREATER, high, 'no', undefined), branch(JUMP_EQUAL, high, undefined, label),
        loadLow, branch(last, low, 'no', undefined),
        { label }, ...yes,
      ];
    }
    default:
      throw new Error(`Unknown comparison "${op}"`);
  }
}

function halves(value) {
  const wide = BigInt(value);
  return [Number((wide >> 32n) & 0xffffffffn), Number(wide & 0xffffffffn)];
}

function architectureBody(byNumber, { x32Bit }, fallback) {
  const search = compileSearch(ranges(byNumber, fallback));
  const body = x32Bit === undefined ? search : choose(JUMP_AT_LEAST, x32Bit, [instruction(RETURN, fallback)], search);
  return [instruction(LOAD, NUMBER), ...body];
}

/** Ascending, without gaps: `code` answers every number from `first` up to the next range. */
function ranges(byNumber, fallback) {
  const nothing = [instruction(RETURN, fallback)];
  const list = [];
  let next = 0;
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    if (number > next) list.push({ first: next, code: nothing });
    list.push({ first: number, code: byNumber.get(number) });
    next = number + 1;
  }
  list.push({ first: next, code: nothing });
  return list.filter((range, index) => index === 0 || !sameCode(range.code, list[index - 1].code));
}

function sameCode(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

function compileSearch(list) {
  if (list.length === 1) return list[0].code;
  const middle = list.length >> 1;
  return choose(JUMP_AT_LEAST, list[middle].first, compileSearch(list.slice(middle)), compileSearch(list.slice(0, middle)));
}

/** Compare the accumulator: `yes` when it holds, else `no`. A conditional jump reaches 255 instructions, an unconditional one all. */
function choose(code, k, yes, no) {
  if (no.length <= 255) return [{ code, jt: no.length, jf: 0, k }, ...no, ...yes];
  return [{ code, jt: 0, jf: 1, k }, instruction(JUMP, no.length), ...no, ...yes];
}

function instruction(code, k) {
  return { code, jt: 0, jf: 0, k };
}

/** A conditional jump to labels; undefined is the next instruction. */
function branch(code, k, whenTrue, whenFalse) {
  return { code, k, whenTrue, whenFalse };
}

/** Replace labels by distances. */
function link(code) {
  const places = new Map();
  const plain = [];
  for (const item of code) {
    if ('label' in item) places.set(item.label, plain.length);
    else plain.push(item);
  }
  return plain.map((item, index) => {
    if (!('whenTrue' in item)) return item;
    const distance = (label) => (label === undefined ? 0 : places.get(label) - index - 1);
    return { code: item.code, jt: distance(item.whenTrue), jf: distance(item.whenFalse), k: item.k };
  });
}

function encode(program) {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jt, jf, k }, index) => {
    if (jt > 255 || jf > 255) throw new Error('A jump is too far');
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}
